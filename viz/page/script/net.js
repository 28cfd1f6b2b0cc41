// One network: its recorded graph, and what follows from it.
//
//   nodes[3] = { name: "h₂", op: "tanh", step: 2, inputs: [[1, 0]], value, gradient, terms }
//   a use is "3.0": node 3 takes some value as its argument 0

export const useKey = (user, position) => `${user}.${position}`

export class Net {
  constructor(facts) {
    for (const node of facts.nodes) node.dtype ??= "float32" // which is not said again and again
    Object.assign(this, facts) // name, nodes, outputs, has, sights, cuts, uncut
    this.sources = new Map() // of each use: the id of the value that is used
    this.terms = new Map() // of each use: what it adds to a gradient
    this.users = this.nodes.map(() => []) // of each value: its uses, in the order in which their terms arrive
    for (let id = this.nodes.length - 1; id >= 0; id--) {
      const node = this.nodes[id]
      for (const [k, [source, position]] of (node.inputs ?? []).entries()) {
        const key = useKey(id, position)
        this.sources.set(key, source)
        const { gradient } = this.nodes[source]
        if (node.terms?.[k] === 1) node.terms[k] = { norm: gradient.norm, along: gradient.norm, sum: gradient } // the whole
        const term = node.terms?.[k] ?? null
        this.users[source].push({ key, user: id, source, position, term })
        this.terms.set(key, term)
      }
    }
  }

  /** The uses that some nodes make of values that are not among them. */
  inputsOf(ids) {
    const own = new Set(ids)
    return ids.flatMap((id) => (this.nodes[id].inputs ?? []).filter(([source]) => !own.has(source))
      .map(([source, position]) => ({ key: useKey(id, position), user: id, source, position })))
  }

  /** The uses that others make of some nodes. */
  usesOf(ids) {
    const own = new Set(ids)
    return ids.flatMap((id) => this.users[id].filter(({ user }) => !own.has(user)))
  }

  /** What to call a node in a sentence. */
  title(id) {
    const { name, op, role } = this.nodes[id]
    return role || !op ? name : `(${op})`
  }

  /** Where a node was made: "step 2", and in which part of the model. */
  place(id) {
    const { step, scope } = this.nodes[id]
    return [step == null ? "" : `step ${step}`, scope ?? ""].filter(Boolean).join(", ")
  }

  /** The hidden states of each layer, in the order of the steps. */
  states() {
    const lanes = new Map()
    this.nodes.forEach((node, id) => {
      if (node.role !== "hidden_state" || node.step == null || !node.op) return
      const lane = `${node.scope ?? ""} ${node.passage ?? ""}`
      if (!lanes.has(lane)) lanes.set(lane, new Map())
      lanes.get(lane).set(node.step, id)
    })
    return [...lanes].map(([lane, byStep]) => ({ lane, ids: [...byStep].sort(([a], [b]) => a - b).map(([, id]) => id) }))
  }
}
