// The marks of people and sounds on the drawing of the room.

import { arc, element, point, set } from "./shapes.js";
import { degrees, metres, wrap } from "./words.js";

const RING = 6.6;
const LINE = 0.95; // of the height of a line's box; letters do not fill it
const TURN = 2 * Math.PI * RING;

export class PersonMark {
  constructor(id) {
    this.at = null;
    this.place = null; // index of where the words are
    this.node = element("g", { class: "person", "data-person": id });
    this.unsure = element("path", { class: "unsure" });
    this.spot = element("g");
    this.engaged = element("circle", { class: "engaged", r: RING, transform: "rotate(-90)" });
    this.who = element("text", { class: "who" });
    this.what = element("text", { class: "what" });
    this.label = element("g", { class: "label" }, this.who, this.what);
    this.who.textContent = `Person ${id}`;
    this.waves = [9, 12].map((radius, i) =>
      element("path", { class: i ? "wave second" : "wave", d: arc(-48, 48, radius) }),
    );
    this.spot.append(
      element("circle", { class: "halo", r: 11 }),
      element("circle", { class: "track", r: RING }),
      this.engaged,
      element("circle", { class: "body", r: 4.4 }),
      ...this.waves,
      this.label,
    );
    this.node.append(this.unsure, this.spot);
  }

  show(person, radius) {
    this.person = person;
    this.aim = { bearing: person.bearing, radius };
    this.at ??= { ...this.aim };
    const names = ["person"];
    if (person.primary) names.push("primary");
    if (person.speaking) names.push("speaking");
    if (!person.seen) names.push("unseen-now");
    set(this.node, { class: names.join(" ") });
    const share = person.engagement ?? 0;
    set(this.engaged, { "stroke-dasharray": `${share * TURN} ${TURN}`, visibility: share > 0.02 ? "visible" : "hidden" });
    this.what.textContent = `${degrees(person.bearing)} · ${person.distance === null ? "? m" : metres(person.distance)}`;
  }

  // How much room the words need, in units of the drawing.
  measure() {
    const [who, what] = [this.who.getBBox(), this.what.getBBox()];
    this.line = who.height * LINE;
    return { w: Math.max(who.width, what.width), h: this.line + what.height * LINE };
  }

  putWords({ dx, dy, index }) {
    this.place = index;
    set(this.label, { transform: `translate(${dx.toFixed(1)} ${dy.toFixed(1)})` });
    set(this.who, { y: (-this.line / 2).toFixed(2) });
    set(this.what, { y: (this.line / 2).toFixed(2) });
  }

  ease(share) {
    this.at.bearing += wrap(this.aim.bearing - this.at.bearing) * share;
    this.at.radius += (this.aim.radius - this.at.radius) * share;
    const { bearing, radius } = this.at;
    const [x, y] = point(bearing, radius);
    set(this.spot, { transform: `translate(${x.toFixed(2)} ${y.toFixed(2)})` });
    const spread = Math.min(60, Math.max(1, this.person.bearing_std));
    set(this.unsure, { d: arc(bearing - spread, bearing + spread, radius) });
    for (const wave of this.waves) set(wave, { transform: `rotate(${180 - bearing})` });
  }
}

export class SoundMark {
  constructor(sound, edge) {
    this.t = sound.t;
    this.node = element("g", { class: `sound ${sound.kind}` });
    const half = 2 + 9 * sound.confidence;
    const [x1, y1] = point(sound.bearing, 13);
    const [x2, y2] = point(sound.bearing, edge - 4);
    this.node.append(
      element("line", { x1, y1, x2, y2 }),
      element("path", { d: arc(sound.bearing - half, sound.bearing + half, edge - 2) }),
    );
    this.strength = 0.35 + 0.65 * sound.confidence;
    if (sound.wake_word) {
      const [x, y] = point(sound.bearing, edge - 12);
      const label = element("text", { x, y });
      label.textContent = `“${sound.wake_word.replaceAll("_", " ")}”`;
      this.node.append(label);
    }
  }

  // `age` in lifetimes; false once it has faded.
  fade(age) {
    if (age >= 1) {
      this.node.remove();
      return false;
    }
    set(this.node, { opacity: (this.strength * (1 - age) ** 1.5).toFixed(3) });
    return true;
  }
}
