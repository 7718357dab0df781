// dom.js: elements made and changed, always as text: what comes from the broker never becomes markup.

const SVG = "http://www.w3.org/2000/svg";

function put(node, attributes, children) {
  for (const [name, value] of Object.entries(attributes)) {
    if (value === null || value === undefined || value === false) continue;
    if (name === "on") for (const [type, call] of Object.entries(value)) node.addEventListener(type, call);
    else node.setAttribute(name, value === true ? "" : String(value));
  }
  node.append(...children.filter((child) => child !== null && child !== undefined));
  return node;
}

/** element("button", {type: "button", class: "x", on: {click}}, "text", child …) */
export const element = (tag, attributes = {}, ...children) => put(document.createElement(tag), attributes, children);
export const svgElement = (tag, attributes = {}, ...children) =>
  put(document.createElementNS(SVG, tag), attributes, children);

/** Only what differs is written, so that nothing is read out, laid out or loses its selection for nothing. */
export function setText(node, value) {
  const wanted = String(value);
  if (node.textContent !== wanted) node.textContent = wanted;
}

export function setAttribute(node, name, value) {
  if (value === null || value === false) {
    if (node.hasAttribute(name)) node.removeAttribute(name);
  } else if (node.getAttribute(name) !== String(value)) node.setAttribute(name, String(value));
}

export function setHidden(node, isHidden) {
  if (node.hidden !== isHidden) node.hidden = isHidden;
}

/**
 * Children for things that come and go: one node a key, made once, kept with its focus, in the order of `items`.
 * @param make (item) → {node, update(item)}
 */
export class Keyed {
  #parent;
  #make;
  #parts = new Map();

  constructor(parent, make) {
    this.#parent = parent;
    this.#make = make;
  }

  update(items, keyOf) {
    const wanted = new Set(items.map(keyOf));
    for (const [key, part] of this.#parts) {
      if (wanted.has(key)) continue;
      part.node.remove();
      this.#parts.delete(key);
    }
    let before = this.#parent.firstChild;
    for (const item of items) {
      const key = keyOf(item);
      let part = this.#parts.get(key);
      if (part === undefined) {
        part = this.#make(item);
        this.#parts.set(key, part);
      }
      part.update(item);
      if (part.node === before) before = before.nextSibling;
      else this.#move(part.node, before);
    }
  }

  // Moved, an element would lose the focus.
  #move(node, before) {
    const focused = node.contains(document.activeElement) ? document.activeElement : null;
    this.#parent.insertBefore(node, before);
    focused?.focus({ preventScroll: true });
  }
}

let count = 0;
/** An id that no other element has. */
export const freshId = (name) => `${name}-${(count += 1)}`;
