// The same facts as a table, for a screen reader and for who wants to copy them; built when it is opened.

import { useState } from "preact/hooks"
import { summary, text } from "./numbers.js"

export function Table({ net, replay, frameOf, state }) {
  const [open, setOpen] = useState(false)
  return (
    <details class="table" onToggle={(event) => setOpen(event.currentTarget.open)}>
      <summary>All values and gradients of this frame, as a table</summary>
      {open && <Rows net={net} replay={replay} frame={frameOf(state.net)} />}
    </details>
  )
}

function Rows({ net, replay, frame }) {
  return (
    <div class="scroll" tabindex="0" role="region" aria-label="Table of values and gradients">
      <table>
        <thead>
          <tr>{["value", "op", "part", "step", "shape", "made from", "number", "norm of ∂L/∂ it", "terms"].map((name) => <th scope="col" key={name}>{name}</th>)}</tr>
        </thead>
        <tbody>
          {net.nodes.map((node, id) => {
            const gradient = replay.gradient(id, frame)
            return (
              <tr key={id} data-node={id}>
                <th scope="row">{net.title(id)}</th>
                <td>{node.op ?? "given"}</td>
                <td>{node.scope ?? ""}</td>
                <td>{node.step ?? ""}</td>
                <td>({(node.shape ?? []).join(", ")})</td>
                <td>{(node.inputs ?? []).map(([source]) => net.title(source)).join(", ")}</td>
                <td>{replay.isMade(id, frame) ? summary(node.value) : "not computed yet"}</td>
                <td>{text(gradient.norm)}</td>
                <td>{gradient.total ? `${gradient.count} of ${gradient.total}` : ""}</td>
              </tr>
            )
          })}
        </tbody>
      </table>
    </div>
  )
}
