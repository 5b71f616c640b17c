// Everything beside the drawing: the reason, facts, people as text, problems, controls' states.

import { chips, degrees, metres, progress, side, traits } from "./words.js";

const $ = (id) => document.getElementById(id);

function item(text, kind = "") {
  const node = document.createElement("li");
  node.textContent = text;
  node.className = kind;
  return node;
}

function row(name, where, what, classes) {
  const node = document.createElement("li");
  node.className = classes;
  for (const [kind, text] of [["dot", ""], ["who", name], ["where", where], ["what", what]]) {
    const part = document.createElement("span");
    part.className = kind;
    part.textContent = text;
    if (kind === "dot") part.ariaHidden = "true";
    node.append(part);
  }
  return node;
}

// Replacing what a screen reader or a finger is on for nothing is rude: compare first.
function replace(list, items) {
  const html = items.map((node) => node.outerHTML).join("");
  if (list.dataset.shown === html) return;
  list.dataset.shown = html;
  list.replaceChildren(...items);
}

function text(id, value) {
  if ($(id).textContent !== value) $(id).textContent = value;
}

export class Panel {
  constructor() {
    this.announced = "";
    this.setsRange = false; // whether this page may set the range up; not before that is known
  }

  show(state) {
    replace($("chips"), chips(state).map(({ text: words, kind }) => item(words, kind)));
    this.showReason(state.reason);
    text("fact-heading", degrees(state.heading, 1));
    text("fact-target", state.target === null ? "at rest" : degrees(state.target));
    text("fact-speed", `${Math.abs(state.velocity).toFixed(0)}°/s`);
    text("fact-zone", state.zone ?? "–");
    this.showPeople(state);
    $("problems-card").hidden = state.problems.length === 0;
    replace($("problems"), state.problems.map((problem) => item(problem)));
    $("message-card").hidden = state.message === "";
    text("message", state.message);
    this.showVeil(state);
    this.showControls(state);
  }

  showReason(reason) {
    text("reason", reason.text);
    const share = progress(reason.text);
    $("settling").hidden = share === null;
    if (share !== null) $("settled").style.width = `${Math.round(share * 100)}%`;
    // A reason that counts would be read out ten times a second: only a new kind is announced.
    if (reason.code !== this.announced) {
      this.announced = reason.code;
      text("announce", reason.text);
    }
  }

  showPeople({ people, pets }) {
    const sorted = [...people].sort((a, b) => b.primary - a.primary || a.id - b.id);
    const rows = sorted.map((person) =>
      row(
        `Person ${person.id}`,
        `${side(person.bearing)}, ${metres(person.distance)}`,
        traits(person),
        [person.primary && "primary", !person.seen && "unseen-now"].filter(Boolean).join(" "),
      ),
    );
    if (!rows.length) rows.push(item("Nobody is there.", "none"));
    for (const pet of pets) {
      const name = pet.label[0].toUpperCase() + pet.label.slice(1);
      rows.push(row(name, `${side(pet.bearing)}, ${metres(pet.distance)}`, "", "pet"));
    }
    replace($("people"), rows);
  }

  showVeil({ shutter }) {
    const words = { closed: "Shutter closed: no picture, no motion", unknown: "Shutter unknown: no picture, no motion" };
    $("veil").hidden = !(shutter in words);
    text("veil", words[shutter] ?? "");
    $("room-frame").classList.toggle("shut", shutter !== "open");
  }

  showControls(state) {
    $("follow").setAttribute("aria-checked", String(state.follow !== "off"));
    for (const radio of document.getElementsByName("mode")) radio.checked = radio.value === state.mode;
    this.showSlider(state);
    const turning = state.reason.code === "range_setup";
    $("range").hidden = !state.turned_by_hand || !this.setsRange;
    $("range_cancel").hidden = !turning;
    text("range_setup", turning ? "Both ends are shown" : "Set up the range by hand");
    const closed = state.shutter === "closed";
    $("shutter").setAttribute("aria-pressed", String(closed));
    text("shutter", closed ? "Open the shutter" : "Close the shutter");
    $("mute").setAttribute("aria-pressed", String(state.muted));
    text("mute", state.muted ? "Unmute the microphones" : "Mute the microphones");
  }

  // The slider runs from left to right as the room does, so its values are headings with the sign turned.
  showSlider({ range: [low, high], heading }) {
    const slider = $("heading");
    slider.min = Math.ceil(-high);
    slider.max = Math.floor(-low);
    if (!slider.matches(":active") && !this.choosing) slider.value = Math.round(-heading);
    this.showChoice();
  }

  showChoice() {
    const heading = -Number($("heading").value);
    text("heading-out", degrees(heading));
    $("heading").setAttribute("aria-valuetext", side(heading));
  }

  say(words, bad = false) {
    $("said").classList.toggle("bad", bad);
    text("said", words);
  }
}
