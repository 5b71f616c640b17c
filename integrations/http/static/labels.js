// Where the words beside people go: the first place that covers neither other words nor anybody.
// Geometry only, in units of the drawing; rectangles are {x, y, w, h} with y downwards.

const BODY = 7.5; // half the side of the square that nobody's words should cover
const CLEAR = 9.5; // from the middle of a body to its words
const EDGE = 118; // the drawing ends at 120
const OVER_WORDS = 10_000; // a square unit of words over words is worse than any number of bodies

export function overlap(a, b) {
  const w = Math.min(a.x + a.w, b.x + b.w) - Math.max(a.x, b.x);
  const h = Math.min(a.y + a.h, b.y + b.h) - Math.max(a.y, b.y);
  return w > 0 && h > 0 ? w * h : 0;
}

export const around = ([x, y], half) => ({ x: x - half, y: y - half, w: 2 * half, h: 2 * half });

// Middles of a label of this size, relative to the body, the best first.
function places({ w, h }) {
  const [side, up] = [CLEAR + w / 2, CLEAR + h / 2];
  const near = [[0, -up], [0, up], [side, 0], [-side, 0]];
  const slanted = [[1, -1], [-1, -1], [1, 1], [-1, 1]].map(([sx, sy]) => [sx * side * 0.8, sy * up * 0.8]);
  const far = [[0, -up - h], [0, up + h], [side, -h], [-side, -h], [side, h], [-side, h]];
  return [...near, ...slanted, ...far];
}

// `items`: {at: [x, y], w, h, now}, the most important first; `now` is the index of its place so far.
// `taken`: further rectangles, such as pets. Returns {dx, dy, index} for each.
export function spread(items, taken = []) {
  const words = [];
  return items.map((item) => {
    const others = [...items.filter((other) => other !== item).map((other) => around(other.at, BODY)), ...taken];
    const offers = places(item).map(([dx, dy], index) => {
      const box = { x: item.at[0] + dx - item.w / 2, y: item.at[1] + dy - item.h / 2, w: item.w, h: item.h };
      const outside = item.w * item.h - overlap(box, { x: -EDGE, y: -EDGE, w: 2 * EDGE, h: 2 * EDGE });
      const covers = (boxes) => boxes.reduce((sum, other) => sum + overlap(box, other), 0);
      // Words that have a good place keep it: a label that jumps to and fro cannot be read.
      const habit = index === item.now ? -0.9 : 0;
      return { dx, dy, index, box, cost: OVER_WORDS * (covers(words) + outside) + covers(others) + index * 0.5 + habit };
    });
    const best = offers.reduce((a, b) => (b.cost < a.cost ? b : a));
    words.push(best.box);
    return best;
  });
}
