// The run as frames, in the order of the tape: every op forward, then every op backward.
//
//   0 start │ 1 … N forward: a value is there │ the loss has gradient 1 │ N … 1 backward: terms arrive and add up
//
// What is known at a frame is found by looking back from it, so that any frame can be shown at once.

import { useKey } from "./net.js"
import { text } from "./numbers.js"

export class Replay {
  constructor(net) {
    this.net = net
    this.frames = [{ phase: "start", node: null }]
    this.made = net.nodes.map(() => 0) // the frame in which a value is there: what was given is there from the start
    net.nodes.forEach((node, id) => {
      if (node.op) this.made[id] = this.frames.push({ phase: "forward", node: id }) - 1
    })
    this.turn = this.frames.length // the first frame of the way back
    this.seeded = new Map()
    this.arrivals = net.nodes.map(() => []) // of each value: the terms of its gradient, and when they arrive
    this.arrived = new Map() // of each use: the frame in which its term arrives
    if (net.has.terms) this.backward()
    this.ends = [...this.frames.keys()].filter((f) => f === this.last || this.moment(f) !== this.moment(f + 1)) // of the stretches of one step
  }

  backward() {
    const { net } = this
    this.frames.push({ phase: "seed", node: net.outputs[0] })
    for (const id of net.outputs) this.seeded.set(id, this.turn)
    for (let id = net.nodes.length - 1; id >= 0; id--) {
      const node = net.nodes[id]
      if (!node.op || !node.terms?.some(Boolean)) continue
      node.inputs.forEach(([source, position], k) => {
        const term = node.terms[k]
        if (!term) return
        this.arrivals[source].push({ frame: this.frames.length, term })
        this.arrived.set(useKey(id, position), this.frames.length)
      })
      this.frames.push({ phase: "backward", node: id })
    }
  }

  get last() {
    return this.frames.length - 1
  }

  isMade(id, frame) {
    return this.made[id] <= frame
  }

  /** What has arrived of a gradient: its norm, how many terms of how many, and the sum in short. */
  gradient(id, frame) {
    const all = this.arrivals[id]
    let count = 0
    while (count < all.length && all[count].frame <= frame) count++
    const seed = this.seeded.get(id) <= frame ? this.net.nodes[id].gradient : null
    const sum = count ? all[count - 1].term.sum : seed
    return { sum, norm: sum ? sum.norm : null, count, total: all.length }
  }

  hasArrived(key, frame) {
    return this.arrived.get(key) <= frame
  }

  /** The next frame: one further on, or the end of the next stretch of one step. */
  move(frame, by, wholeSteps) {
    const next = frame + by
    if (!wholeSteps) return Math.min(Math.max(next, 0), this.last)
    return (by > 0 ? this.ends.find((end) => end > frame) : this.ends.findLast((end) => end < frame)) ?? (by > 0 ? this.last : 0)
  }

  /** What a frame is a part of: a phase, and a step in it; and the last frame of that, if there is one. */
  moment(frame) {
    return `${this.frames[frame].phase} ${this.stepOf(frame)}`
  }

  matching(moment) {
    return this.ends.findLast((end) => this.moment(end) === moment) ?? this.last
  }

  stepOf(frame) {
    const { node } = this.frames[frame]
    return node == null ? null : (this.net.nodes[node].step ?? null)
  }

  /** One plain sentence for a frame. */
  say(frame) {
    const { net } = this
    const { phase, node: id } = this.frames[frame]
    if (phase === "start") return "Start: the inputs, the weights and the first states are there; nothing is computed yet."
    const place = net.place(id) ? ` (${net.place(id)})` : ""
    if (phase === "seed") return `The way back begins: ∂L/∂${net.title(id)} = 1. A gradient says how much the loss L changes.`
    const { op, inputs } = net.nodes[id]
    if (phase === "forward") {
      const from = inputs.map(([source]) => net.title(source)).join(", ")
      return `Forward${place}: ${op} makes ${net.title(id)} from ${from}.`
    }
    const sums = inputs.flatMap(([source], k) => (net.nodes[id].terms[k] ? [this.sayTerm(source, id, inputs[k][1], frame)] : []))
    return `Backward${place}: ${op} hands the gradient of ${net.title(id)} on. ${[...new Set(sums)].join("; ")}.`
  }

  sayTerm(source, user, position, frame) {
    const { norm, count, total } = this.gradient(source, frame)
    const terms = total > 1 ? `, ${count} of ${total} terms` : ""
    return `∂L/∂${this.net.title(source)} has norm ${text(norm)}${terms}`
  }
}
