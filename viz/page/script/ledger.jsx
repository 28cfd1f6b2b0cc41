// The ledger of a value that is used several times: what each use adds to its gradient.
//
//   t = 1  ░░▌        ‖term‖ 0.21   along the sum +0.04
//   t = 2  ░░░░░▓▓▓   ‖term‖ 0.52   along the sum +0.31     the parts along the sum add up to ‖∇‖, and norms hardly ever

import { text } from "./numbers.js"

export function Ledger({ net, replay, id, frameOf, state, cut }) {
  const uses = net.users[id]
  if (uses.filter(({ term }) => term).length < 2) return null
  const frame = frameOf(state.net)
  const rows = [...uses].sort((a, b) => a.user - b.user || a.position - b.position).map((use) => ({
    ...use, ...numbers(use, cut), here: cut || replay.hasArrived(use.key, frame),
  }))
  const known = rows.filter(({ norm }) => typeof norm === "number")
  const longest = Math.max(...known.map(({ norm }) => norm)) || 1
  const sum = rows.reduce((total, { along }) => total + Number(along ?? 0), 0)
  const whole = cut && id in cut.norms ? cut.norms[id] : net.nodes[id].gradient?.norm
  const size = rows.reduce((total, { along }) => total + Math.abs(Number(along ?? 0)), 0)
  const done = rows.every(({ here, norm }) => here || norm == null)
  const equal = Math.abs(sum - whole) <= 1e-4 * size
  return (
    <section class="ledger">
      <h3>Ledger: {rows.length} terms of ∂L/∂{net.title(id)}</h3>
      <table>
        <thead><tr><th scope="col">use</th><th scope="col">term</th><th scope="col">norm</th><th scope="col">along the sum</th></tr></thead>
        <tbody>
          {rows.map(({ key, user, norm, along, here }) => (
            <tr key={key} class={here ? "" : "ahead"} data-use={key}>
              <th scope="row">{label(net, user)}</th>
              <td><Bar norm={here ? norm : 0} along={here ? along : 0} longest={longest} /></td>
              <td>{here ? text(norm) : "–"}</td>
              <td>{here ? signed(along) : "–"}</td>
            </tr>
          ))}
        </tbody>
        <tfoot>
          <tr><th scope="row" colspan="3">parts along the sum, together</th><td class="sum">{done ? text(sum) : "–"}</td></tr>
          <tr><th scope="row" colspan="3">‖∂L/∂{net.title(id)}‖{cut ? " after the cut" : net.nodes[id].op ? "" : ", as in .grad"}</th><td class="whole">{text(whole)}{done && equal ? " ✓" : ""}</td></tr>
        </tfoot>
      </table>
      <p><small>Norms add up only where all terms point in one direction. What adds up always is the part of each term that points along the sum: the dark part of a bar; to the left of the line it works against the sum.</small></p>
    </section>
  )
}

function numbers({ key, term }, cut) {
  if (cut && key in cut.terms) return { norm: cut.terms[key]?.[0] ?? null, along: cut.terms[key]?.[1] ?? null }
  return { norm: term?.norm ?? null, along: term?.along ?? null }
}

function label(net, user) {
  const { step } = net.nodes[user]
  return step == null ? net.title(user) : `t = ${step}`
}

const signed = (x) => (typeof x === "number" && x > 0 ? `+${text(x)}` : text(x))

function Bar({ norm, along, longest }) {
  const share = (x) => `${(50 * Math.abs(Number(x) || 0)) / longest}%`
  return (
    <span class="bar" aria-hidden="true">
      <span class="norm" style={{ width: share(norm) }} />
      <span class={along < 0 ? "along against" : "along"} style={{ width: share(along) }} />
    </span>
  )
}

