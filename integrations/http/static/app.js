// Wires the page together: states to the drawing and the panel, controls to commands.

import { Alarm } from "./alarm.js";
import { Live } from "./live.js";
import { Look } from "./look.js";
import { Panel } from "./panel.js";
import { Room } from "./room.js";

const $ = (id) => document.getElementById(id);
const panel = new Panel();
let state = null;
let known = false; // whether the server has said what this page may do

const live = new Live(
  (heard) => {
    state = heard;
    panel.show(state);
    room.show(state);
    look.show(state);
    alarm.show(state);
  },
  ({ state: connection, wait }) => {
    const words = {
      lost: `Connection lost: what you see is old. Trying again ${wait > 1500 ? `in ${Math.round(wait / 1000)} s` : "now"}.`,
      ended: "This page's session has ended. Open a link that Heliotrope prints, or load the page again and sign in.",
    };
    if (connection === "open" && !known) about();
    document.body.classList.toggle("stale", connection !== "open");
    $("connection").hidden = connection === "open";
    $("retry").hidden = connection !== "lost";
    if (words[connection]) $("connection-text").textContent = words[connection];
  },
);

async function send(name, args) {
  const { ok, message } = await live.command(name, args);
  panel.say(message || (ok ? "Done." : "That did not work."), !ok);
  // What the engine says is true; a control that was moved in vain goes back.
  if (state) panel.show(state);
}

const room = new Room($("room"), (heading) => send("turn", { heading: Math.round(heading * 10) / 10 }));

const look = new Look((heading) => send("turn", { heading, pace: "gentle" }));

const alarm = new Alarm((name, args) => live.command(name, args), about);

$("retry").addEventListener("click", () => live.retry());
$("follow").addEventListener("click", () => send("follow", { policy: state?.follow === "off" ? "all" : "off" }));
for (const radio of document.getElementsByName("mode")) {
  radio.addEventListener("change", () => send("mode", { mode: radio.value }));
}
for (const name of ["centre", "face_me", "stop"]) {
  $(name).addEventListener("click", () => send(name));
}
$("range_setup").addEventListener("click", () =>
  send("range_setup", { step: state?.reason.code === "range_setup" ? "done" : "start" }),
);
$("range_cancel").addEventListener("click", () => send("range_setup", { step: "cancel" }));
$("shutter").addEventListener("click", () => send("shutter", { state: state?.shutter === "closed" ? "open" : "closed" }));
$("mute").addEventListener("click", () => send("mute", { muted: state?.muted ? "off" : "on" }));

$("heading").addEventListener("input", () => {
  panel.choosing = true;
  panel.showChoice();
});
$("heading").addEventListener("change", () => {
  panel.choosing = false;
  send("turn", { heading: -Number($("heading").value) });
});

$("leave").addEventListener("click", async () => {
  const left = await fetch("leave", { method: "POST" }).catch(() => null);
  if (left?.ok || left?.status === 401) location.reload();
  else panel.say("Signing out did not reach the engine.", true);
});

async function about() {
  try {
    known = true; // asked once; again only where it failed
    const facts = await (await fetch("about")).json();
    $("name").textContent = facts.name;
    document.title = facts.name;
    alarm.allow(facts);
    live.silence = facts.keep_alive_seconds * 3000;
    for (const name of ["face_me", "shutter", "mute"]) $(name).hidden = !facts.commands.includes(name);
    $("simulated").hidden = !facts.simulated;
    // Whoever may only look is offered nothing that would be refused.
    const turns = facts.commands.includes("turn");
    $("controls").hidden = !turns;
    $("skip").href = turns ? "#controls" : "#look";
    for (const name of ["left", "right"]) $(`look-${name}`).hidden = !turns;
    panel.setsRange = facts.commands.includes("range_setup");
    if (state) panel.show(state);
    room.turns = turns;
    $("leave").hidden = !facts.session;
  } catch {
    known = false;
    // The stream says that the connection is lost, and says it better.
  }
}

about();
live.start();
