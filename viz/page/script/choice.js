// What is chosen: some nodes, or some uses, of one network; and which cuts it has a part in.
//
//   a shape → { net, nodes: [7, 6], uses: null, shape }        a line → { net, nodes: [], uses: ["7.0"], shape }

import { useKey } from "./net.js"

/** What a shape or a line stands for; an ellipsis stands for nothing that could be chosen. */
export function chosenFrom(picture, each) {
  const net = picture.netIndex
  if (each.kind === "elided") return null
  if (each.uses) return { net, nodes: [], uses: each.uses.map(([user, k]) => useKey(user, k)), shape: each.id }
  return { net, nodes: each.nodes, uses: null, shape: each.id }
}

export function columnOf(picture, each) {
  const shape = each.uses ? picture.byId.get(each.source) : each
  return picture.columns.findIndex(({ column }) => column === shape.column)
}

/** The places of the cuts that what is chosen has a part in. */
export function cutsFor(net, chosen) {
  if (!chosen) return []
  const keys = new Set(chosen.uses ?? net.usesOf(chosen.nodes).map(({ key }) => key))
  return net.cuts.flatMap(({ uses }, k) => (uses.some(([user, position]) => keys.has(`${user}.${position}`)) ? [k] : []))
}
