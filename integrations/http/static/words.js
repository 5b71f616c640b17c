// Numbers and states as words for people. Touches no document and no network.

export function degrees(value, digits = 0) {
  if (value === null || value === undefined) return "–";
  const text = Math.abs(value).toFixed(digits);
  return `${value < 0 && Number(text) !== 0 ? "−" : ""}${text}°`;
}

// Positive bearings are to the left of straight ahead, as seen by the device.
export function side(bearing) {
  const wrapped = wrap(bearing);
  const size = Math.round(Math.abs(wrapped));
  if (size <= 2) return "straight ahead";
  if (size >= 178) return "right behind";
  return `${size}° to the ${wrapped > 0 ? "left" : "right"}`;
}

export function wrap(angle) {
  return angle - 360 * Math.ceil((angle - 180) / 360);
}

export function metres(value) {
  return value === null ? "distance unknown" : `${value.toFixed(1)}\u00a0m`; // not broken over lines
}

export function traits(person) {
  const words = [];
  if (person.primary) words.push("primary");
  if (person.speaking) words.push("speaking");
  if (!person.seen) words.push("not seen now");
  if (person.engagement !== null) words.push(`${Math.round(person.engagement * 100)} % facing`);
  return words.join(" · ");
}

export function summary(state) {
  const people = state.people.length;
  const count = people === 0 ? "nobody is there" : people === 1 ? "one person" : `${people} people`;
  const list = state.people.map(
    (person) => `person ${person.id} ${side(person.bearing)}, ${metres(person.distance)}`,
  );
  return [`Room from above: heading ${degrees(state.heading)}, ${count}`, ...list].join("; ");
}

// The status chips: text, and how loudly it is said.
export function chips(state) {
  const mode = { follow: "Following", manual: "Manual", call: "Call", paused: "Paused", away: "Away" };
  const following = state.mode === "follow" && state.follow === "off" ? "Follow is off" : mode[state.mode];
  const list = [{ text: following ?? state.mode, kind: "on" }];
  if (state.moving) list.push({ text: "Turning", kind: "on" });
  const shutter = { open: "Shutter open", closed: "Shutter closed", unknown: "Shutter unknown" };
  list.push({ text: shutter[state.shutter], kind: state.shutter === "open" ? "" : "warn" });
  list.push({
    text: state.muted ? "Microphones muted" : "Microphones on",
    kind: state.muted ? "warn" : "",
  });
  const alarm = {
    arming: ["Arming", "on"], armed_away: ["Armed", "on"], armed_night: ["Armed for the night", "on"],
    pending: ["Entry: disarm", "warn"], triggered: ["Alarm", "warn"],
  }[state.alarm];
  if (alarm) list.push({ text: alarm[0], kind: alarm[1] });
  if (state.viewers > 0) list.push({ text: `${state.viewers} watching live`, kind: "warn" });
  return list;
}

// "settled 0.4 of 1.2 s" as a share in [0, 1], or null where the reason counts nothing.
export function progress(text) {
  const found = /(\d+(?:\.\d+)?) of (\d+(?:\.\d+)?) s\b/.exec(text);
  return found && Number(found[2]) > 0 ? Math.min(1, found[1] / found[2]) : null;
}
