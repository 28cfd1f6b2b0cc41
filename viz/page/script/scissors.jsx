// Scissors: cut one way on which a state goes on, and see which gradients are left.

import { cutsFor } from "./choice.js"
import { text } from "./numbers.js"

const MOST = 60

export function Scissors({ net, state, set, chosen, cut, replay }) {
  if (!net.has.terms) return null
  const offered = cutsFor(net, chosen)
  const every = net.cuts.map(({ name }, k) => [k, name])
  return (
    <section class="scissors">
      <h3>Scissors</h3>
      {net.cuts.length > 0 && (
        <label>
          <span>Cut with detach()</span>
          <select value={state.cut ?? ""} onChange={(event) => set({ cut: event.currentTarget.value === "" ? null : Number(event.currentTarget.value), frame: replay.last })}>
            <option value="">nothing</option>
            {every.map(([k, name]) => <option key={k} value={k}>{name}</option>)}
          </select>
        </label>
      )}
      {offered.filter((k) => k !== state.cut).slice(0, 4).map((k) => (
        <button type="button" key={k} onClick={() => set({ cut: k, frame: replay.last })}>✂ {net.cuts[k].name}</button>
      ))}
      {cut && <button type="button" onClick={() => set({ cut: null })}>Mend {cut.name}</button>}
      {net.uncut && <p><small>{net.uncut}</small></p>}
      {cut && <Changed net={net} cut={cut} />}
    </section>
  )
}

function Changed({ net, cut }) {
  const named = Object.keys(cut.norms).map(Number).filter((id) => net.nodes[id].role || !net.nodes[id].op)
  return (
    <table class="changed">
      <caption>What is cut at {cut.name} changes these gradients, by a run with detach() there:</caption>
      <thead><tr><th scope="col">value</th><th scope="col">norm before</th><th scope="col">norm now</th></tr></thead>
      <tbody>
        {named.slice(0, MOST).map((id) => (
          <tr key={id} data-node={id}>
            <th scope="row">{net.title(id)}</th>
            <td>{text(net.nodes[id].gradient?.norm)}</td>
            <td>{text(cut.norms[id])}</td>
          </tr>
        ))}
      </tbody>
    </table>
  )
}
