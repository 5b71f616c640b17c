// The live view on the page: opened by a press only, turned a step at a time, ended by the shutter.

const STEP = 20; // degrees a press

const $ = (id) => document.getElementById(id);

export class Look {
  constructor(turnTo) {
    this.turnTo = turnTo;
    this.state = null;
    this.looking = false;
    $("look-toggle").addEventListener("click", () => this.toggle());
    $("look-left").addEventListener("click", () => this.turn(STEP));
    $("look-right").addEventListener("click", () => this.turn(-STEP));
    $("look-picture").addEventListener("error", () => this.looking && this.close("There is no picture now."));
    // A notification's button comes with this, and means to look at once.
    if (location.search === "?look") this.wanted = true;
  }

  show(state) {
    this.state = state;
    if (this.looking && state.shutter !== "open") this.close("The shutter is closed.");
    for (const name of ["toggle", "left", "right"]) $(`look-${name}`).disabled = state.shutter !== "open";
    if (this.wanted && state.shutter === "open") {
      this.wanted = false;
      this.open();
    }
  }

  toggle() {
    if (this.looking) this.close();
    else this.open();
  }

  open() {
    this.looking = true;
    // The number keeps a browser from showing what it has kept of the last time.
    $("look-picture").src = `camera/stream?${Date.now()}`;
    $("look-frame").hidden = false;
    $("look-note").textContent = "";
    this.label();
  }

  close(why = "") {
    this.looking = false;
    $("look-picture").removeAttribute("src");
    $("look-frame").hidden = why === "";
    $("look-note").textContent = why;
    this.label();
  }

  label() {
    $("look-toggle").setAttribute("aria-pressed", String(this.looking));
    $("look-toggle").textContent = this.looking ? "Stop looking" : "Look";
  }

  turn(by) {
    if (!this.state) return;
    const [low, high] = this.state.range;
    const from = this.state.target ?? this.state.heading;
    this.turnTo(Math.round(Math.min(high, Math.max(low, from + by))));
  }
}
