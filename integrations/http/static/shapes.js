// SVG elements and polar geometry. Bearing 0 is up, positive to the left, as seen from above.

const NS = "http://www.w3.org/2000/svg";

export function element(name, attributes = {}, ...children) {
  const node = document.createElementNS(NS, name);
  set(node, attributes);
  node.append(...children);
  return node;
}

export function set(node, attributes) {
  for (const [name, value] of Object.entries(attributes)) node.setAttribute(name, value);
  return node;
}

export function point(bearing, radius) {
  const angle = (bearing * Math.PI) / 180;
  return [-radius * Math.sin(angle), -radius * Math.cos(angle)];
}

const place = (bearing, radius) => point(bearing, radius).map((v) => v.toFixed(2)).join(" ");

// From `low` counter-clockwise to `high`, degrees, low < high.
export function arc(low, high, radius) {
  if (high - low >= 360) return arc(low, low + 180, radius) + arc(low + 180, low + 359.99, radius);
  const large = high - low > 180 ? 1 : 0;
  return `M${place(low, radius)}A${radius} ${radius} 0 ${large} 0 ${place(high, radius)}`;
}

export function sector(low, high, radius) {
  if (high - low >= 360) return `${arc(low, high, radius)}Z`;
  return `M0 0L${arc(low, high, radius).slice(1)}Z`;
}

// The bearing of a point on the drawing, in (-180, 180].
export function bearingAt(x, y) {
  return (Math.atan2(-x, -y) * 180) / Math.PI;
}
