// The room from above, as SVG. Draws what a state says and eases between states; decides nothing.

import { around, spread } from "./labels.js";
import { PersonMark, SoundMark } from "./marks.js";
import { arc, bearingAt, element, point, sector, set } from "./shapes.js";
import { degrees, summary, wrap } from "./words.js";

export const EDGE = 92; // radius of the floor in units of the drawing
const FAR = 5; // metres at the edge
const UNKNOWN = 3; // where somebody of unknown distance is drawn
const EASE = 0.07; // seconds; states come 50 ms apart
const FADE = 3; // seconds a sound stays visible

export const reach = (metres) => (Math.min(FAR, Math.max(0.45, metres ?? UNKNOWN)) / FAR) * EDGE;

export class Room {
  constructor(svg, turnTo) {
    this.svg = svg;
    this.still = matchMedia("(prefers-reduced-motion: reduce)");
    this.people = new Map();
    this.pets = [];
    this.sounds = new Map();
    this.shown = { heading: null };
    this.state = null;
    this.turns = false; // whether a tap may turn the head; not before that is known
    this.build();
    svg.addEventListener("click", (event) => this.clicked(event, turnTo));
    this.last = performance.now();
    this.frame = this.frame.bind(this);
    requestAnimationFrame(this.frame);
  }

  build() {
    const layer = (name) => element("g", { class: name });
    const stop = (offset, name) => element("stop", { offset, class: name });
    const beam = element("radialGradient", { id: "beam", gradientUnits: "userSpaceOnUse", cx: 0, cy: 0, r: EDGE });
    beam.append(stop("0", "beam-start"), stop("1", "beam-end"));
    const hatch = element(
      "pattern",
      { id: "hatch", width: 4, height: 4, patternUnits: "userSpaceOnUse", patternTransform: "rotate(45)" },
      element("line", { x1: 0, y1: 0, x2: 0, y2: 4, class: "hatch-line" }),
    );
    this.zones = {
      motion: element("path", { class: "zone motion" }),
      holding: element("path", { class: "zone holding" }),
      dead: element("path", { class: "zone dead" }),
    };
    this.head = layer("head");
    this.head.append(...Object.values(this.zones), element("path", { class: "beam", d: sector(-7, 7, EDGE) }));
    this.target = element("g", { visibility: "hidden" });
    this.target.append(
      element("line", { class: "target", y1: -12, y2: -EDGE }),
      element("circle", { class: "target", cy: -EDGE - 5, r: 2.2 }),
    );
    this.range = layer("range");
    this.layers = { sounds: layer("sounds"), pets: layer("pets"), people: layer("people") };
    this.device = this.buildDevice();
    this.svg.append(
      element("defs", {}, beam, hatch),
      element("circle", { class: "floor", r: EDGE }),
      this.head,
      this.buildGrid(),
      this.range,
      this.layers.sounds,
      this.target,
      this.device,
      this.layers.pets,
      this.layers.people,
    );
  }

  buildGrid() {
    const grid = element("g", { class: "grid" });
    for (let metres = 1; metres <= FAR; metres += 1) {
      grid.append(element("circle", { class: "ring", r: reach(metres) }));
      const [x, y] = point(-135, reach(metres));
      const label = element("text", { class: "scale", x, y });
      label.textContent = `${metres} m`;
      grid.append(label);
    }
    for (let bearing = 0; bearing < 360; bearing += 30) {
      const [x1, y1] = point(bearing, EDGE);
      const [x2, y2] = point(bearing, EDGE + (bearing % 90 ? 2 : 4));
      grid.append(element("line", { class: "compass", x1, y1, x2, y2 }));
      if (bearing % 90 === 0) {
        const [x, y] = point(bearing, EDGE + 18);
        const label = element("text", { class: "scale", x, y });
        label.textContent = degrees(wrap(bearing));
        grid.append(label);
      }
    }
    return grid;
  }

  buildDevice() {
    const device = element("g", { class: "device" });
    device.append(
      element("line", { class: "needle", y1: -10, y2: -EDGE }),
      element("path", { class: "heading-mark", d: `M0 ${-EDGE + 1}l-3.4 -7.4h6.8z` }),
      element("circle", { class: "base", r: 7.5 }),
      element("rect", { class: "screen", x: -8, y: -8.6, width: 16, height: 4.4, rx: 1.4 }),
      element("rect", { class: "glass", x: -6.8, y: -8.9, width: 13.6, height: 1.4, rx: 0.7 }),
    );
    return device;
  }

  show(state) {
    this.state = state;
    this.received = performance.now();
    this.svg.setAttribute("aria-label", summary(state));
    this.drawZones(state);
    this.drawRange(state.range);
    this.target.setAttribute("visibility", state.target === null ? "hidden" : "visible");
    if (state.target !== null) this.target.setAttribute("transform", `rotate(${-state.target})`);
    this.drawPeople(state.people);
    this.drawPets(state.pets);
    this.spreadLabels(state.pets);
    for (const sound of state.sounds) {
      const key = `${sound.t}/${sound.bearing}/${sound.kind}`;
      if (!this.sounds.has(key)) {
        const mark = new SoundMark(sound, EDGE);
        this.sounds.set(key, mark);
        this.layers.sounds.append(mark.node);
      }
    }
  }

  drawZones({ dead, holding, zone }) {
    set(this.zones.dead, { d: sector(-dead, dead, EDGE) });
    set(this.zones.holding, { d: sector(-holding, -dead, EDGE) + sector(dead, holding, EDGE) });
    set(this.zones.motion, { d: sector(holding, 360 - holding, EDGE) });
    for (const [name, node] of Object.entries(this.zones)) node.classList.toggle("active", name === zone);
  }

  drawRange([low, high]) {
    const key = `${low}/${high}`;
    if (this.rangeDrawn === key) return;
    this.rangeDrawn = key;
    const parts = [element("path", { class: "reach", d: arc(low, high, EDGE + 10) })];
    if (high - low < 360) {
      parts.unshift(element("path", { class: "beyond", d: sector(high, low + 360, EDGE) }));
      for (const end of [low, high]) {
        const [x1, y1] = point(end, EDGE + 7);
        const [x2, y2] = point(end, EDGE + 13);
        parts.push(element("line", { class: "end-stop", x1, y1, x2, y2 }));
      }
    }
    this.range.replaceChildren(...parts);
  }

  drawPeople(people) {
    const present = new Set(people.map((person) => person.id));
    for (const [id, mark] of this.people) {
      if (!present.has(id)) {
        mark.node.remove();
        this.people.delete(id);
      }
    }
    // The primary person lies on top of the others.
    for (const person of [...people].sort((a, b) => a.primary - b.primary)) {
      let mark = this.people.get(person.id);
      if (!mark) {
        mark = new PersonMark(person.id);
        this.people.set(person.id, mark);
      }
      mark.show(person, reach(person.distance));
      const last = this.layers.people.lastChild === mark.node;
      if (!mark.node.isConnected || (person.primary && !last)) this.layers.people.append(mark.node);
    }
  }

  // Whoever is followed is named in the best place, and the others round that.
  spreadLabels(pets) {
    const marks = [...this.people.values()].sort((a, b) => b.person.primary - a.person.primary || a.person.id - b.person.id);
    const items = marks.map((mark) => ({ at: point(mark.aim.bearing, mark.aim.radius), ...mark.measure(), now: mark.place }));
    const taken = pets.map((pet) => {
      const [x, y] = point(pet.bearing, reach(pet.distance));
      return { x: x - 7, y: y - 4, w: 14, h: 15 };
    });
    spread(items, [around([0, 0], 9), ...taken]).forEach((found, i) => marks[i].putWords(found));
  }

  drawPets(pets) {
    this.layers.pets.replaceChildren(
      ...pets.map((pet) => {
        const [x, y] = point(pet.bearing, reach(pet.distance));
        const label = element("text", { y: 7 });
        label.textContent = pet.label;
        return element(
          "g",
          { class: "pet", transform: `translate(${x} ${y})` },
          element("circle", { class: "body", r: 3 }),
          label,
        );
      }),
    );
  }

  frame(now) {
    const passed = Math.min(0.25, (now - this.last) / 1000);
    this.last = now;
    if (this.state) {
      const share = this.still.matches ? 1 : 1 - Math.exp(-passed / EASE);
      const { heading } = this.state;
      this.shown.heading ??= heading;
      this.shown.heading += (heading - this.shown.heading) * share;
      const turn = `rotate(${(-this.shown.heading).toFixed(2)})`;
      set(this.head, { transform: turn });
      set(this.device, { transform: turn });
      for (const mark of this.people.values()) mark.ease(share);
      const engineNow = this.state.t + (now - this.received) / 1000;
      for (const [key, mark] of this.sounds) {
        if (!mark.fade(Math.max(0, engineNow - mark.t) / FADE)) this.sounds.delete(key);
      }
    }
    requestAnimationFrame(this.frame);
  }

  clicked(event, turnTo) {
    if (!this.state || !this.turns) return;
    const matrix = this.svg.getScreenCTM();
    const { x, y } = new DOMPoint(event.clientX, event.clientY).matrixTransform(matrix.inverse());
    const radius = Math.hypot(x, y);
    if (radius < 10 || radius > EDGE + 14) return;
    const [low, high] = this.state.range;
    const bearing = bearingAt(x, y);
    // The representative inside the range that is nearest to the present heading.
    const choices = [bearing - 360, bearing, bearing + 360].filter((b) => b >= low && b <= high);
    choices.sort((a, b) => Math.abs(a - this.state.heading) - Math.abs(b - this.state.heading));
    turnTo(choices.length ? choices[0] : bearing > 0 ? high : low);
  }
}
