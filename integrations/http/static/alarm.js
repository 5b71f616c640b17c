// The alarm on the page: what it does, the time that is left, arming, and disarming with a code.
// What is allowed the engine says; a code is sent and forgotten, and kept nowhere.

const FORGET = 30_000; // milliseconds after which a code that was not sent is cleared

const WORDS = {
  disarmed: "Disarmed", arming: "Arming: time to leave", armed_away: "Armed", armed_night: "Armed for the night",
  pending: "Somebody is there", triggered: "Alarm",
};
const LEFT = {
  arming: (left) => `Armed in ${left}.`,
  pending: (left) => `The alarm is raised in ${left}, unless you disarm.`,
  triggered: (left) => `Armed again in ${left}.`,
};
// What is offered; the engine allows a little more, such as another choice while people leave.
const ARM_FROM = { disarmed: ["away", "night"], armed_away: ["night"], armed_night: ["away"] };
const URGENT = new Set(["pending", "triggered"]);

const $ = (id) => document.getElementById(id);

function text(id, value) {
  if ($(id).textContent !== value) $(id).textContent = value;
}

// Seconds as people say them on a countdown.
export function countdown(seconds) {
  const whole = Math.max(0, Math.ceil(seconds));
  return whole < 100 ? `${whole} s` : `${Math.floor(whole / 60)} min ${String(whole % 60).padStart(2, "0")} s`;
}

// Why it cannot be armed now, as far as the page can see; the engine has the last word.
export function obstacle(state) {
  if (state.shutter !== "open") return `The shutter is ${state.shutter}: open it to arm.`;
  const axis = state.problems.find((problem) => problem.startsWith("axis"));
  if (axis) return `It cannot be armed: ${axis}.`;
  return state.reason.code === "range_setup" ? "The range of motion is being set up: finish that to arm." : "";
}

export class Alarm {
  // `command(name, args)` gives {ok, message}; `ask()` has `allow` called again.
  constructor(command, ask) {
    this.command = command;
    this.ask = ask;
    this.state = null;
    this.ahead = -Infinity; // the engine's clock over this page's, in seconds
    this.mayArm = false;
    this.code = false;
    $("arm-away").addEventListener("click", () => this.give("arm", { mode: "away" }));
    $("arm-night").addEventListener("click", () => this.give("arm", { mode: "night" }));
    $("disarm-form").addEventListener("submit", (event) => {
      event.preventDefault();
      const code = $("code").value.trim();
      this.forget();
      this.give("disarm", code ? { code } : {});
    });
    $("code").addEventListener("input", () => {
      clearTimeout(this.forgetting);
      this.forgetting = setTimeout(() => this.forget(), FORGET);
    });
    addEventListener("pagehide", () => this.forget());
    setInterval(() => this.showLeft(), 250);
  }

  // What the server lets this page do, and its clock.
  allow({ commands, code, now }) {
    this.mayArm = commands.includes("arm");
    this.code = code;
    this.ahead = now - performance.now() / 1000;
    if (this.state) this.draw();
  }

  show(state) {
    // A state is never from the future, so the newest clock is the one least behind; unless it began anew.
    const ahead = state.t - performance.now() / 1000;
    if (ahead > this.ahead || this.ahead - ahead > 20) this.ahead = ahead;
    const before = this.state?.alarm;
    this.state = state;
    if (before !== state.alarm) {
      this.forget();
      if (before) text("alarm-said", "");
      if (before === "disarmed") this.ask();
    }
    this.draw();
  }

  draw() {
    const { alarm } = this.state;
    const on = alarm !== "disarmed";
    text("alarm-state", WORDS[alarm] ?? alarm);
    $("alarm").dataset.alarm = alarm;
    $("alarm").classList.toggle("urgent", URGENT.has(alarm));
    const from = ARM_FROM[alarm] ?? [];
    $("arming").hidden = !this.mayArm || !from.length;
    for (const kind of ["away", "night"]) $(`arm-${kind}`).hidden = !from.includes(kind);
    $("disarm-form").hidden = !this.mayArm || !on;
    $("code-field").hidden = !this.code;
    $("code").required = this.code;
    text("alarm-hint", this.mayArm ? (on ? "" : obstacle(this.state)) : "Arming and disarming take the scope admin.");
    this.showLeft();
  }

  showLeft() {
    if (!this.state) return;
    const { alarm, alarm_until: until } = this.state;
    const words = LEFT[alarm];
    text("alarm-left", words && until !== null ? words(countdown(until - performance.now() / 1000 - this.ahead)) : "");
  }

  async give(name, args) {
    const { ok, message } = await this.command(name, args);
    const said = message || (ok ? "" : "That did not work.");
    $("alarm-said").classList.toggle("bad", !ok);
    // What went well is seen above; what did not is told with its reason.
    text("alarm-said", ok ? "" : said.replace(/^./, (first) => first.toUpperCase()));
    if (!ok && name === "disarm" && /code/.test(said)) {
      this.code = true;
      this.draw();
      $("code").focus();
    }
  }

  forget() {
    clearTimeout(this.forgetting);
    $("code").value = "";
  }
}
