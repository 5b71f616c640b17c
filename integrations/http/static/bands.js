// What of the history lasts: bands of the lanes, and the spans in which the device was off.
// Reads events, oldest first, and draws nothing.

// [start, end, cut]: from each end of the engine to its next start. After a kill or a power cut
// (`cut`) nobody wrote down when that was: then the last event before is all that is known.
export function offSpans(events) {
  const found = [];
  let stopped = null;
  let last = null;
  for (const { at, key, kind } of events) {
    if (key === "engine" && kind === "stopped") stopped = at;
    if (key === "engine" && kind === "started") {
      if (last !== null) found.push([stopped ?? last, at, stopped === null]);
      stopped = null;
    }
    last = at;
  }
  if (stopped !== null) found.push([stopped, Infinity, false]);
  return found;
}

// [start, end, kind] of a lane whose kinds begin and end something, and of which nothing goes on
// while the device is off. `lane` is {key, bands} or {key, counts}.
export function bandsOf(lane, events, { from, to }) {
  const found = [];
  let began = null;
  let kind = "";
  let count = 0;
  let last = from;
  const end = (at) => {
    if (began !== null) found.push([began, Math.max(began, at), kind]);
    began = null;
  };
  for (const event of events) {
    if (event.key === "engine") {
      end(event.kind === "stopped" ? event.at : last);
      count = 0;
    }
    last = event.at;
    if (event.key !== lane.key) continue;
    if (lane.counts) count = Math.max(0, count + (lane.counts[event.kind] ?? 0));
    const on = lane.counts ? count > 0 : lane.bands(event.kind);
    if (!on || (!lane.counts && event.kind !== kind)) end(event.at);
    if (on && began === null) [began, kind] = [event.at, event.kind];
  }
  end(to);
  return found.filter(([start, stop]) => stop >= from && start <= to);
}
