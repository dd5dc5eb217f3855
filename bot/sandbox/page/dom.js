/**
 * The page's only way to make elements: text always becomes a text node, never markup.
 * `keyed` keeps what has not changed, so that live updates lose neither focus nor scroll position.
 */

const SVG = "http://www.w3.org/2000/svg";
const rowsOf = new WeakMap();

/**
 * Makes an element: `h("button.primary", {onclick, "aria-label": "Send"}, "Send")`.
 * Attributes that are null, undefined or false are left out; `true` gives an empty attribute.
 */
export function h(selector, attributes = {}, ...children) {
  const [tag, ...classes] = selector.split(".");
  const node = document.createElement(tag || "div");
  if (classes.length) node.className = classes.join(" ");
  for (const [name, value] of Object.entries(attributes)) setAttribute(node, name, value);
  node.append(...flat(children));
  return node;
}

function setAttribute(node, name, value) {
  if (value === null || value === undefined || value === false) return;
  if (typeof value === "function") node.addEventListener(name.slice(2), value);
  else if (name === "style") for (const [key, text] of Object.entries(value)) node.style.setProperty(key, text);
  else node.setAttribute(name, value === true ? "" : value);
}

/** Children without the holes that `condition && node` leaves. */
export function flat(children) {
  return children.flat(Infinity).filter((child) => child !== null && child !== undefined && child !== false);
}

/** Replaces all children of a node. */
export function fill(node, ...children) {
  node.replaceChildren(...flat(children));
  return node;
}

/** Sets text only when it differs, so that a selection in it survives. */
export function setText(node, text) {
  if (node.textContent !== text) node.textContent = text;
}

/** A line icon of 20 × 20 from an SVG path. */
export function icon(path, label = null) {
  const svg = document.createElementNS(SVG, "svg");
  const attributes = { viewBox: "0 0 20 20", class: "icon", "aria-hidden": label ? "false" : "true" };
  for (const [name, value] of Object.entries(attributes)) svg.setAttribute(name, value);
  if (label) svg.setAttribute("role", "img");
  if (label) svg.setAttribute("aria-label", label);
  const line = document.createElementNS(SVG, "path");
  line.setAttribute("d", path);
  svg.append(line);
  return svg;
}

/**
 * Shows `items` ({key, sign, make}) as the children of `parent`: a row whose key and sign are unchanged stays the
 * same node, in place; a changed one is recreated and gets the focus back if it had it.
 *
 * Returns the set of keys that were not there before.
 */
export function keyed(parent, items) {
  const before = rowsOf.get(parent) ?? new Map();
  const after = new Map();
  const added = new Set();
  for (const { key, sign, make } of items) {
    const old = before.get(key);
    if (!old) added.add(key);
    after.set(key, old?.sign === sign ? old : { sign, node: make(), replaces: old?.node });
  }
  const kept = new Set([...after.values()].map((row) => row.node));
  const focus = focusMark(parent);
  for (const { node } of before.values()) if (!kept.has(node)) node.remove();
  let cursor = parent.firstChild;
  for (const { node } of after.values()) {
    if (node === cursor) cursor = cursor.nextSibling;
    else parent.insertBefore(node, cursor);
  }
  rowsOf.set(parent, after);
  if (focus && !parent.contains(document.activeElement)) parent.querySelector(focus)?.focus({ preventScroll: true });
  return added;
}

/** A selector that finds the focused element again in its rebuilt row, or null. */
function focusMark(parent) {
  const mark = parent.contains(document.activeElement) && document.activeElement.closest("[data-focus]")?.dataset.focus;
  return mark ? `[data-focus="${CSS.escape(mark)}"]` : null;
}

/** The paths of the icons that the page uses. */
export const ICONS = {
  hash: "M7.5 3 6 17M14 3l-1.500 14M3.500 7.500h13.500M3 12.500h13.500",
  home: "M3 9.500 10 3.500l7 6V16.500h-4.500V12h-5v4.500H3z",
  chat: "M3 4.500h14v9.500H9l-4 3v-3H3z",
  bolt: "M11 2.500 4.500 11.500h5L8.500 17.500 15.500 8.500h-5z",
  send: "M3 10 17 3.500 12.500 17 9.500 11.500z",
  close: "M5 5l10 10M15 5 5 15",
  back: "M12 4.500 6.500 10l5.500 5.500",
  down: "M5 7.500 10 12.500l5-5",
  file: "M5 2.500h6.500L15.500 6.500V17.500H5zM11.500 2.500v4h4",
  download: "M10 3v9.500M6 9l4 4 4-4M4 16.500h12",
  eye: "M2 10s3-5.500 8-5.500S18 10 18 10s-3 5.500-8 5.500S2 10 2 10zM10 12.200a2.200 2.200 0 1 0 0-4.400 2.200 2.200 0 0 0 0 4.400z",
  clock: "M10 17.500a7.500 7.500 0 1 0 0-15 7.500 7.500 0 0 0 0 15zM10 5.500V10l3 2",
  cloud: "M6 15.500a3.500 3.500 0 0 1-.300-7A4.700 4.700 0 0 1 14.700 8 3.800 3.800 0 0 1 14.500 15.500z",
  check: "M4 10.500 8 14.500 16 6",
  more: "M4.500 10h.01M10 10h.01M15.500 10h.01",
  flame:
    "M10 2.500c.500 3 4.500 4.500 4.500 9a4.500 4.500 0 0 1-9 0c0-2 1-3 1.500-4 .800 1 1.500 1 2 .500.500-1.500.500-3.500 1-5.500z",
  cluster: "M10 2.500 16.500 6v8L10 17.500 3.500 14V6zM3.500 6 10 9.500 16.500 6M10 9.500v8",
  panel: "M3 4h14v12H3zM12 4v12",
};
