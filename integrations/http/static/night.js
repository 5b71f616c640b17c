// The history as a picture: lanes over time, bearings over time, and every moment as text.

import { bandsOf, offSpans } from "./bands.js";
import { side } from "./words.js";

const SVG = "http://www.w3.org/2000/svg";
const LEFT = 84;
const RIGHT = 12;
const LANE = 26;
const POINT = 5;
const ALERT_POINT = 7;
const OFF_ROOM = 24; // pixels that the word "off" needs
const TICK_ROOM = 70; // pixels that a time needs beside its neighbour

const $ = (id) => document.getElementById(id);

// What is told by name, and what it is called where people read it.
const WORDS = {
  "person came": "Somebody came", "person left": "Somebody left", "sound speech": "A voice",
  "sound smoke_alarm": "A smoke alarm", "sound co_alarm": "A CO alarm", "sound crash": "A crash",
  "contact push": "The head was pushed", "contact bump": "A bump", "contact stall": "Something was in the way",
  "wake_word heard": "The wake word", "viewer came": "Began to look", "viewer went": "Stopped looking",
  "shutter closed": "Shutter closed", "shutter open": "Shutter open", "shutter unknown": "Shutter unknown",
  "delivery delivered": "Delivered", "delivery failed": "Not delivered",
  "engine started": "Heliotrope started", "engine stopped": "Heliotrope stopped",
  "motion turning": "Turning", "motion resting": "At rest",
};

// Lanes from top to bottom. `bands`: kinds that begin one, all others end it. `points`: kinds that are moments.
const LANES = [
  { name: "Alarm", key: "alarm", bands: (kind) => kind !== "disarmed" },
  { name: "Shutter", key: "shutter", bands: (kind) => kind !== "open" },
  { name: "Turning", key: "motion", bands: (kind) => kind === "turning" },
  { name: "Somebody", key: "person", counts: { came: 1, left: -1 } },
  { name: "Sounds", key: "sound", points: () => true },
  { name: "Alerts", key: "alert", points: () => true },
  { name: "Delivery", key: "delivery", points: () => true },
  { name: "Looking in", key: "viewer", counts: { came: 1, went: -1 } },
];

function node(name, attributes, text = "") {
  const made = document.createElementNS(SVG, name);
  for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
  if (text) made.textContent = text;
  return made;
}

function words(event) {
  const known = WORDS[`${event.key} ${event.kind}`];
  if (event.key === "alert") return `Alert: ${event.detail.replace(/ \[.*/, "")}`;
  if (event.key === "alarm") return `Alarm: ${event.kind.replace("_", " ")}`;
  if (event.key === "viewer") return `${event.detail}: ${known.toLowerCase()}`;
  if (event.key === "delivery") return `${known}: ${event.detail.replace(/ \[.*/, "")}`;
  return known ?? `${event.key}: ${event.kind}`;
}

function clock(seconds, withDay = false) {
  const options = { hour: "2-digit", minute: "2-digit", hourCycle: "h23" };
  if (withDay) Object.assign(options, { weekday: "short", second: "2-digit" });
  return new Date(seconds * 1000).toLocaleString([], options);
}

// Times at round hours, as many as there is room for.
function ticks(from, to, most) {
  const steps = [900, 1800, 3600, 7200, 10800, 21600, 43200, 86400];
  const step = steps.find((s) => (to - from) / s <= most) ?? 172800;
  const zone = new Date(from * 1000).getTimezoneOffset() * 60;
  const found = [];
  for (let t = Math.ceil((from - zone) / step) * step + zone; t < to; t += step) found.push(t);
  return found;
}

class Plot {
  constructor(svg, { from, to }, height) {
    this.svg = svg;
    this.from = from;
    this.to = to;
    // One unit is one pixel, so that words stay readable on a phone.
    this.width = Math.max(280, svg.parentElement.clientWidth - 36);
    this.right = this.width - RIGHT;
    svg.setAttribute("viewBox", `0 0 ${this.width} ${height + 22}`);
    svg.replaceChildren();
    this.add("rect", { x: LEFT, y: 0, width: this.right - LEFT, height, class: "back" });
    for (const t of ticks(from, to, (this.right - LEFT) / TICK_ROOM)) {
      this.add("line", { x1: this.x(t), x2: this.x(t), y1: 0, y2: height, class: "grid" });
      this.add("text", { x: this.x(t), y: height + 15, "text-anchor": "middle" }, clock(t));
    }
  }

  x(t) {
    const share = (Math.min(this.to, Math.max(this.from, t)) - this.from) / (this.to - this.from);
    return LEFT + share * (this.right - LEFT);
  }

  add(name, attributes, text) {
    const made = node(name, attributes, text);
    this.svg.append(made);
    return made;
  }

  band(start, end, y, kind) {
    const width = Math.max(2, this.x(end) - this.x(start));
    this.add("rect", { x: this.x(start), y: y + 5, width, height: LANE - 10, class: `band ${kind}` });
  }
}

// All that is known, from before the window on.
const everything = ({ before = [], events }) => [...before, ...events];

function drawOff(plot, history, height) {
  for (const [start, end, cut] of offSpans(everything(history))) {
    if (end < history.from) continue;
    const [x, right] = [plot.x(start), plot.x(end)];
    const span = plot.add("rect", { x, y: 0, width: Math.max(1, right - x), height, class: "off" });
    const from = cut ? `after ${clock(start, true)}: it was cut off` : `from ${clock(start, true)}`;
    span.append(node("title", {}, `Heliotrope was off ${from}`));
    if (right - x > OFF_ROOM) plot.add("text", { x: (x + right) / 2, y: height - 6, "text-anchor": "middle", class: "off-word" }, "off");
  }
}

function drawLanes(history) {
  const plot = new Plot($("lanes"), history, LANES.length * LANE);
  drawOff(plot, history, LANES.length * LANE);
  LANES.forEach((lane, i) => {
    const y = i * LANE;
    plot.add("text", { x: 0, y: y + LANE / 2 + 4, class: "lane" }, lane.name);
    plot.add("line", { x1: LEFT, x2: plot.right, y1: y + LANE, y2: y + LANE, class: "grid" });
    if (!lane.points) {
      for (const [start, end, kind] of bandsOf(lane, everything(history), history)) plot.band(start, end, y, `${lane.key} ${kind}`);
      return;
    }
    for (const event of history.events.filter((e) => e.key === lane.key)) {
      const dot = plot.add("circle", { cx: plot.x(event.at), cy: y + LANE / 2, r: event.key === "alert" ? ALERT_POINT : POINT, class: `${lane.key} ${event.kind}` });
      dot.append(node("title", {}, `${clock(event.at, true)} ${words(event)}`));
    }
  });
}

// Paths of the head: between two movements it stays where it is, and while it is off nobody knows.
function headings(plot, events, y) {
  const paths = [];
  let path = [];
  const end = (at) => {
    if (path.length && at > plot.from) paths.push([...path, `${plot.x(at).toFixed(1)},${path.at(-1).split(",")[1]}`]);
    path = [];
  };
  let last = plot.from;
  for (const event of events) {
    if (event.key === "engine") end(event.kind === "stopped" ? event.at : last);
    last = event.at;
    if (event.key !== "motion" || event.bearing === null) continue;
    const [x, at] = [plot.x(event.at).toFixed(1), y(event.bearing).toFixed(1)];
    if (path.length) path.push(`${x},${path.at(-1).split(",")[1]}`);
    path.push(`${x},${at}`);
  }
  end(plot.to);
  return paths;
}

function drawWhere(history) {
  const height = 180;
  const plot = new Plot($("where"), history, height);
  drawOff(plot, history, height);
  const y = (bearing) => height / 2 - (bearing / 180) * (height / 2);
  for (const [bearing, name] of [[180, "behind"], [90, "left"], [0, "ahead"], [-90, "right"], [-180, "behind"]]) {
    plot.add("line", { x1: LEFT, x2: plot.right, y1: y(bearing), y2: y(bearing), class: "grid" });
    plot.add("text", { x: LEFT - 8, y: y(bearing) + (bearing === 180 ? 10 : bearing === -180 ? -2 : 4), "text-anchor": "end" }, name);
  }
  for (const path of headings(plot, everything(history), y)) plot.add("polyline", { points: path.join(" "), class: "heading" });
  for (const kind of ["sound", "person", "alert"]) {
    for (const event of history.events.filter((e) => e.key === kind && e.bearing !== null && e.kind !== "left")) {
      const dot = plot.add("circle", { cx: plot.x(event.at), cy: y(event.bearing), r: kind === "alert" ? ALERT_POINT : POINT, class: kind });
      dot.append(node("title", {}, `${clock(event.at, true)} ${words(event)}, ${side(event.bearing)}`));
    }
  }
}

function drawList({ events }) {
  const moments = events.filter((e) => e.key !== "motion" && e.key !== "problems").slice(-400).reverse();
  $("list").replaceChildren(...moments.map((event) => {
    const row = document.createElement("li");
    row.className = event.key === "alert" ? "alert" : "";
    for (const [tag, kind, text] of [
      ["time", "", clock(event.at, true)],
      ["span", "what", words(event)],
      ["span", "side", event.bearing === null || event.key === "motion" ? "" : side(event.bearing)],
    ]) {
      const part = document.createElement(tag);
      part.className = kind;
      part.textContent = text;
      row.append(part);
    }
    return row;
  }));
}

function summary({ events }) {
  const count = (key, kind) => events.filter((e) => e.key === key && (!kind || e.kind === kind)).length;
  const some = (n, one, many) => (n === 0 ? `no ${many}` : n === 1 ? `one ${one}` : `${n} ${many}`);
  const tags = new Set(events.filter((e) => e.key === "alert").map((e) => e.detail));
  const parts = [some(tags.size, "alert", "alerts"), some(count("person", "came"), "person came", "people came"), some(count("sound"), "sound", "sounds")];
  const failed = count("delivery", "failed");
  if (failed) parts.push(some(failed, "failed delivery", "failed deliveries"));
  return `${parts.join(", ")}.`.replace(/^./, (first) => first.toUpperCase());
}

let shown = null;

function draw() {
  if (!shown) return;
  drawLanes(shown);
  drawWhere(shown);
}

async function show(hours) {
  for (const button of document.querySelectorAll("[data-hours]")) {
    button.setAttribute("aria-pressed", String(Number(button.dataset.hours) === hours));
  }
  $("csv").href = `history.csv?hours=${hours}`;
  $("json").href = `history?hours=${hours}`;
  try {
    const answer = await fetch(`history?hours=${hours}`, { cache: "no-store" });
    if (!answer.ok) throw new Error(`status ${answer.status}`);
    shown = await answer.json();
    draw();
    drawList(shown);
    $("summary").textContent = summary(shown);
  } catch {
    $("summary").textContent = "The history cannot be read now; reload to try again.";
  }
}

for (const button of document.querySelectorAll("[data-hours]")) {
  button.addEventListener("click", () => show(Number(button.dataset.hours)));
}
addEventListener("resize", draw);
show(12);
