// What each key does, in one table that the help shows too.
//
//   key → what it says → what it does with the page as it is now

import { cutsFor } from "./choice.js"

export const VIEW_KEYS = ["rolled", "cell", "gate", "op"]

const move = (by) => ({ state, replay, actions }) =>
  actions.set({ frame: replay.move(state.frame, by, state.bySteps), cut: null })
const zoom = (factor) => ({ shown }) => shown.forEach(({ viewport }) => viewport.by(factor))

export const KEYS = [
  { keys: ["ArrowRight"], sign: "→", says: "the same thing one step on", run: (page) => along(page, 1) },
  { keys: ["ArrowLeft"], sign: "←", says: "the same thing one step back", run: (page) => along(page, -1) },
  { keys: ["ArrowUp"], sign: "↑", says: "to what uses it", run: (page) => across(page, "uses") },
  { keys: ["ArrowDown"], sign: "↓", says: "to what it is made from", run: (page) => across(page, "inputs") },
  { keys: ["Enter", " "], sign: "Enter", says: "choose the shape that has the focus", run: pin },
  { keys: ["Escape"], sign: "Esc", says: "let go of what is chosen or cut", run: ({ actions }) => actions.set({ chosen: null, hovered: null, cut: null, help: false }) },
  { keys: ["/"], sign: "/", says: "find", run: ({ actions }) => actions.focusFind() },
  ...VIEW_KEYS.map((view, k) => ({
    keys: [String(k + 1)], sign: String(k + 1), says: `the view “${view}”`,
    run: ({ net, actions }) => net.sights.some((sight) => sight.view === view) && actions.set({ view }),
  })),
  { keys: ["."], sign: ".", says: "one frame on", run: move(1) },
  { keys: [","], sign: ",", says: "one frame back", run: move(-1) },
  { keys: ["o"], sign: "o", says: "open the cell of this step, or close it", run: open },
  { keys: ["x"], sign: "x", says: "cut the chosen way of a state, or mend it", run: scissors },
  { keys: ["l"], sign: "l", says: "the ledger: a weight's terms on its lines, or not", run: ({ state, actions }) => actions.set({ ledger: !state.ledger }) },
  { keys: ["+", "="], sign: "+", says: "larger", run: zoom(1.25) },
  { keys: ["-"], sign: "−", says: "smaller", run: zoom(0.8) },
  { keys: ["0"], sign: "0", says: "the whole picture", run: ({ shown }) => shown.forEach((p) => p.viewport.reset()) },
  { keys: ["?"], sign: "?", says: "this help", run: ({ state, actions }) => actions.set({ help: !state.help }) },
]

export function keyboard(event, page) {
  if (event.ctrlKey || event.metaKey || event.altKey) return
  const { target } = event
  const onShape = target.dataset?.shape != null
  if (/^(INPUT|SELECT|TEXTAREA)$/.test(target.tagName) && event.key !== "Escape") return
  if (["Enter", " "].includes(event.key) && !onShape) return // a button does what it says
  if (event.key.startsWith("Arrow") && !onShape && !page.state.chosen) return // the page scrolls
  const known = KEYS.find(({ keys }) => keys.includes(event.key))
  if (!known) return
  event.preventDefault()
  known.run(page, target)
}

/** The shape that has the focus, or else the chosen one, with its picture. */
function current({ shown, state, picture }, target) {
  const focused = (target ?? document.activeElement)?.dataset?.shape
  const where = focused ? shown.find((p) => p.svg.contains(target ?? document.activeElement)) : picture
  const id = focused ?? state.chosen?.shape
  return { picture: where, shape: where?.byId.get(id) }
}

function go({ actions }, picture, shape) {
  picture.rove(shape)
  picture.viewport.reveal(shape.g)
  actions.choose(picture, shape)
}

function pin(page, target) {
  const { picture, shape } = current(page, target)
  const { chosen } = page.state
  if (chosen?.shape === shape.id && chosen.net === picture.netIndex) page.actions.choose(picture, null)
  else page.actions.choose(picture, shape)
}

/** The shape of the same kind in the nearest column that has one. */
function along(page, by) {
  const { picture, shape } = current(page)
  if (!shape || shape.uses) return
  const order = picture.columns.map(({ column }) => column)
  for (let k = order.indexOf(shape.column) + by; k >= 0 && k < order.length; k += by) {
    const same = picture.shapes.find((other) => other.column === order[k] && other.key === shape.key && other.nodes.length)
    if (same) return go(page, picture, same)
  }
}

/** The shape at the other end of a line: the nearest one in the same column first. */
function across(page, way) {
  const { picture, shape } = current(page)
  if (!shape) return
  const [from, to] = way === "uses" ? ["source", "target"] : ["target", "source"]
  const start = shape.uses ? shape[from] : shape.id
  const ends = picture.lines
    .filter((line) => line.kind !== "backward" && (shape.uses ? line.id === shape.id : line[from] === start))
    .map((line) => picture.byId.get(line[to]))
    .filter((end) => end.nodes.length)
  const same = ends.find(({ column }) => column === shape.column)
  if (ends.length) go(page, picture, same ?? ends[0])
}

/** In the view of cells: the box of the step that the focus, or the choice, is in. */
function open(page) {
  const { state, net, actions } = page
  const { shape } = current(page)
  const column = shape?.uses ? null : shape?.column
  const there = net.sights.some((sight) => sight.view === "cell" && sight.open === column)
  if (state.view !== "cell" || (state.open != null && (column == null || column === state.open))) actions.set({ open: null })
  else if (column != null && there) actions.set({ open: column })
}

function scissors({ state, net, actions, replay }) {
  if (state.cut != null) return actions.set({ cut: null })
  const k = cutsFor(net, state.chosen)[0]
  if (k != null) actions.set({ cut: k, frame: replay.last })
}
