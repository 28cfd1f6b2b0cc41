// One painted picture: its shapes and lines, found by id, and how they look at a frame of the replay.
//
//   shape    ahead (an outline: not reached yet) → there, its value written → coloured by its gradient
//   line     ahead → there;  a gradient's line: hidden until a term has gone back along it
//   chosen   what goes into it one colour, its uses another, the rest faded
//
// Classes and texts alone are changed; a look that stays as it was costs nothing.

import { joint, norm, pen, power } from "./numbers.js"
import { useKey } from "./net.js"
import { Viewport } from "./view.js"

const SVG = "http://www.w3.org/2000/svg"

export class Picture {
  constructor(element, net, replay, netIndex, heat) {
    Object.assign(this, { element, net, replay, netIndex, heat })
    const facts = net.sights[Number(element.dataset.sight)]
    this.view = facts.view
    this.open = facts.open // of the view of cells: the column that is opened
    this.columns = facts.columns
    this.svg = element.querySelector("svg")
    const find = (id) => this.svg.getElementById(facts.prefix + id)
    this.shapes = facts.shapes.map((shape) => drawn(shape, find(shape.id)))
    this.lines = facts.lines.map((line) => drawn({ ...line, keys: line.uses.map(([user, k]) => useKey(user, k)) }, find(line.id)))
    this.byId = new Map([...this.shapes, ...this.lines].map((each) => [each.id, each]))
    this.viewport = new Viewport(this)
    this.gather()
  }

  /** Put the shapes of each column into a group that the keyboard can reach, from left to right. */
  gather() {
    const top = this.svg.querySelector("g.graph")
    this.svg.setAttribute("role", "group")
    for (const { column, name } of this.columns) {
      const group = document.createElementNS(SVG, "g")
      group.setAttribute("role", "group")
      group.setAttribute("aria-label", name)
      const members = this.shapes.filter((shape) => shape.column === column)
      for (const shape of members) {
        group.append(shape.g)
        shape.g.setAttribute("role", "button")
        shape.g.setAttribute("tabindex", "-1")
        shape.g.setAttribute("aria-label", shape.label)
        shape.g.prepend(tip(shape.about))
      }
      members[0]?.g.setAttribute("tabindex", "0")
      top.append(group)
    }
    this.shapes.forEach((shape) => (shape.g.dataset.shape = shape.id))
    this.lines.forEach((line) => (line.g.dataset.line = line.id))
  }

  /** Make a shape the one that Tab reaches in its column. */
  rove(shape) {
    for (const other of this.shapes) {
      if (other.column === shape.column) other.g.setAttribute("tabindex", other === shape ? "0" : "-1")
    }
    shape.g.focus({ preventScroll: true })
  }

  /** Show a frame; of what is chosen the inputs and the uses; and what a cut changes. */
  paint({ frame, chosen, cut, ledger }) {
    const now = this.replay.frames[frame]?.node
    const lit = chosen ? this.lit(chosen) : null
    for (const shape of this.shapes) this.paintShape(shape, frame, now, lit, cut)
    for (const line of this.lines) this.paintLine(line, frame, now, lit, cut, ledger)
  }

  paintShape(shape, frame, now, lit, cut) {
    const { net, replay } = this
    const made = shape.nodes.filter((id) => replay.isMade(id, frame)).length
    const classes = [shape.base]
    if (shape.nodes.length && made === 0) classes.push("ahead")
    if (shape.nodes.length && made > 0 && made < shape.nodes.length) classes.push("partly")
    if (now != null && shape.nodes.includes(now)) classes.push("now")
    if (shape.value_line) shape.write(shape.value_line, made === shape.nodes.length)
    if (shape.gradient_line) {
      const head = shape.nodes[0]
      const here = shape.nodes.length > 1 && shape.kind !== "parameter" && this.view === "rolled" ? null : replay.gradient(head, frame)
      if (frame < replay.turn || !net.has.terms) shape.write(shape.gradient_line, !net.has.terms)
      else {
        const size = cut && head in cut.norms ? cut.norms[head] : here ? here.norm : this.largest(shape, frame, cut)
        const counter = here && here.total > 1 && shape.kind === "parameter" && !cut ? ` ${here.count}/${here.total}` : ""
        shape.write(shape.gradient_line, norm(size) + counter)
        classes.push(power(size, this.heat))
      }
    }
    if (lit) classes.push(lit.shapes.get(shape.id) ?? "faded")
    shape.dress(classes)
  }

  /** In the rolled view a shape stands for all steps: it shows the largest gradient, as the picture does. */
  largest(shape, frame, cut) {
    const norms = shape.nodes.map((id) => (cut && id in cut.norms ? cut.norms[id] : this.replay.gradient(id, frame).norm))
    const known = norms.filter((x) => x != null && typeof x !== "string" && x > 0)
    return norms.find((x) => typeof x === "string") ?? (known.length ? Math.max(...known) : norms.includes(0) ? 0 : null)
  }

  paintLine(line, frame, now, lit, cut, ledger) {
    const { replay, net } = this
    const classes = [line.base]
    if (line.kind === "backward") {
      const terms = this.arrived(line, frame, cut)
      if (!terms.length && net.has.terms) classes.push("hidden")
      else if (net.has.terms) line.pen(pen(joint(terms)))
    } else if (line.uses.length) {
      const reached = line.uses.some(([user], k) => replay.isMade(user, frame) && replay.isMade(net.sources.get(line.keys[k]), frame))
      if (!reached) classes.push("ahead")
      if (cut && line.keys.every((key) => cut.keys.has(key))) classes.push("cut")
      const told = ledger && line.kind === "weight" && lit?.lines.get(line.id) === "lit-use" ? this.arrived(line, frame, cut) : []
      line.pen(told.length ? pen(joint(told)) : null)
    }
    if (now != null && line.uses.some(([user]) => user === now)) classes.push("now")
    if (lit) classes.push(lit.lines.get(line.id) ?? "faded")
    line.dress(classes)
  }

  /** The norms of what has come back through the uses of a line; nothing comes through those that are cut off. */
  arrived(line, frame, cut) {
    const norm = (key) => (cut && key in cut.terms ? cut.terms[key]?.[0] : this.net.terms.get(key)?.norm)
    return line.keys.filter((key) => this.replay.hasArrived(key, frame)).map(norm).filter(Boolean)
  }

  /** Which shapes and lines a choice lights: inputs one way, uses another. */
  lit({ nodes, uses }) {
    const inputs = new Set(uses ?? this.net.inputsOf(nodes).map(({ key }) => key))
    const outputs = new Set(uses ? [] : this.net.usesOf(nodes).map(({ key }) => key))
    const own = new Set(nodes)
    const shapes = new Map()
    const lines = new Map()
    for (const line of this.lines) {
      const into = line.keys.some((key) => inputs.has(key))
      const outOf = line.keys.some((key) => outputs.has(key))
      if (!into && !outOf) continue
      const look = outOf ? "lit-use" : "lit-input"
      if (line.kind === "backward") {
        lines.set(line.id, "beside")
        continue
      }
      lines.set(line.id, look)
      for (const end of [line.source, line.target]) if (!shapes.has(end)) shapes.set(end, look)
    }
    for (const shape of this.shapes) if (shape.nodes.some((id) => own.has(id))) shapes.set(shape.id, "chosen")
    return { shapes, lines }
  }
}

/** What the pointer that rests on a shape is told. */
function tip(words) {
  const title = document.createElementNS(SVG, "title")
  title.textContent = words
  return title
}

/** A shape or a line with its element, which remembers how it looks. */
function drawn(facts, g) {
  const texts = [...g.querySelectorAll("text")]
  const said = texts.map((t) => t.textContent)
  const strokes = [...g.querySelectorAll("path")]
  const each = { ...facts, g, base: g.getAttribute("class") }
  let look = each.base
  let width = null
  each.dress = (classes) => {
    const next = classes.join(" ")
    if (next !== look) g.setAttribute("class", (look = next))
  }
  each.write = (line, what) => {
    const next = what === true ? said[line] : what || ""
    if (texts[line] && texts[line].textContent !== next) texts[line].textContent = next
  }
  each.pen = (next) => {
    if (next === width) return
    width = next
    for (const path of strokes) path.style.strokeWidth = next == null ? "" : String(next)
  }
  return each
}
