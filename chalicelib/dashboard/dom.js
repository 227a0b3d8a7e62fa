// Everything that comes from the API reaches the page through here, as text and never as markup.

const SVG = 'http://www.w3.org/2000/svg'

export const byId = (id) => document.getElementById(id)

/** An element: `el('p.soft#id', {title: 'x', onclick: f}, 'text', child, null)`. */
export function el(what, attributes = {}, ...children) {
  const [name, ...marks] = what.split(/(?=[.#])/)
  return dressed(document.createElement(name), marks, attributes, children)
}

/** The same, for drawings. */
export function svg(what, attributes = {}, ...children) {
  const [name, ...marks] = what.split(/(?=[.#])/)
  return dressed(document.createElementNS(SVG, name), marks, attributes, children)
}

function dressed(node, marks, attributes, children) {
  for (const mark of marks) {
    if (mark[0] === '#') node.id = mark.slice(1)
    else node.classList.add(mark.slice(1))
  }
  for (const [name, value] of Object.entries(attributes)) {
    if (value === null || value === undefined || value === false) continue
    if (name.startsWith('on')) node.addEventListener(name.slice(2), value)
    else node.setAttribute(name, value === true ? '' : String(value))
  }
  node.append(...children.flat().filter((child) => child !== null && child !== undefined && child !== false))
  return node
}

/** Set a text only when it differs, so that nothing is read out, or loses its selection, for no reason. */
export function say(node, text) {
  const wanted = String(text ?? '')
  if (node.textContent !== wanted) node.textContent = wanted
}

/** The children of `parent`, one per item in this order; nodes of known keys are kept, with their focus. */
export function keyed(parent, items, keyOf, make, update) {
  const known = new Map([...parent.children].map((child) => [child.dataset.key, child]))
  let place = parent.firstElementChild
  for (const item of items) {
    const key = String(keyOf(item))
    let node = known.get(key)
    known.delete(key)
    if (!node) {
      node = make(item)
      node.dataset.key = key
    }
    if (node === place) place = place.nextElementSibling
    else parent.insertBefore(node, place)
    update(node, item)
  }
  for (const gone of known.values()) gone.remove()
}

let fading = 0

/** Tell it to whoever looks, and to whoever listens. */
export function announce(text) {
  say(byId('news'), text)
  say(byId('toast'), text)
  byId('toast').hidden = false
  clearTimeout(fading)
  fading = setTimeout(() => { byId('toast').hidden = true }, 6000)
}

/** A labelled field. `kind` is 'input', 'select' or 'textarea'. */
export function field(kind, id, label, attributes = {}, ...children) {
  return el('div', {}, el('label', { for: id }, label), el(`${kind}#${id}`, { name: id, ...attributes }, ...children))
}
