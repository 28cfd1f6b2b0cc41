// The panel at the side: what is chosen, its numbers at this frame, where it goes, its ledger, the scissors.

import { Ledger } from "./ledger.jsx"
import { Scissors } from "./scissors.jsx"
import { useEffect, useRef } from "preact/hooks"
import { power, summary, text } from "./numbers.js"

export function Panel(context) {
  const { facts, net, state, set } = context
  const chosen = state.chosen?.net === state.net ? state.chosen : null
  return (
    <aside aria-label="What is chosen" class={chosen || state.cut != null ? "open" : ""}>
      {chosen ? <Chosen {...context} chosen={chosen} /> : <Nothing {...context} />}
      <Scissors {...context} chosen={chosen} />
      {chosen && <button type="button" class="close" onClick={() => set({ chosen: null, cut: null })}>Let go (Esc)</button>}
    </aside>
  )
}

function Nothing({ facts, net, legends, state }) {
  return (
    <section>
      <h2>Nothing is chosen</h2>
      <p>Choose a shape or a line: click it, or go to it with Tab and the arrow keys and press Enter. What goes into it and what uses it lights up.</p>
      <p>Move through the run with the buttons below: every value is computed, and then every gradient flows back.</p>
      {!net.has.terms && <p class="missing">This graph was recorded without its gradients, so that only the way forward can be shown.</p>}
      <Legend legends={legends} state={state} heat={facts.heat} />
      <details><summary>The picture in words</summary><p>{facts.description}</p></details>
    </section>
  )
}

/** What shapes and lines mean, as Graphviz painted it, and a patch for each power of ten of a gradient. */
function Legend({ legends, state, heat }) {
  const place = useRef(null)
  const painted = legends.find(({ dataset }) => Number(dataset.net) === state.net && dataset.view === state.view)
  useEffect(() => {
    if (painted) painted.hidden = false
    place.current?.replaceChildren(...(painted ? [painted] : []))
  }, [painted])
  if (!painted) return null
  const powers = Array.from({ length: heat.most - heat.least + 1 }, (_, k) => heat.least + k)
  return (
    <details open>
      <summary>What shapes, lines and colours mean</summary>
      <div class="picture" ref={place} />
      <p class="heats">
        Norm of a gradient ∇:{" "}
        {powers.map((k) => <span key={k} class={`patch ${power(10 ** k, heat)}`}>{`1e${k}`.replace("-", "−")}</span>)}
        {" "}exactly <span class="patch heat_zero">0</span> none <span class="patch heat_none">–</span> not a number <span class="patch heat_nan">NaN</span>
      </p>
    </details>
  )
}

function Chosen(context) {
  const { net, chosen, shown, state } = context
  const picture = shown.find((p) => p.netIndex === state.net)
  const shape = picture?.byId.get(chosen.shape)
  if (chosen.uses) return <Line {...context} />
  const id = chosen.nodes[0]
  const several = chosen.nodes.length > 1
  return (
    <section>
      <h2>{shape && several ? shape.label : net.title(id)}</h2>
      <Opener {...context} shape={shape} />
      {several && <p>{chosen.nodes.length} recorded values; the last of them is {net.title(id)}.</p>}
      <Value {...context} id={id} />
      <Ledger {...context} id={id} />
      <Ways {...context} name="Made from" uses={net.inputsOf(chosen.nodes)} end="source" />
      <Ways {...context} name="Used by" uses={net.usesOf(chosen.nodes)} end="user" />
    </section>
  )
}

/** Opens the cell of a step where it stands, and closes it. */
function Opener({ net, shape, state, set }) {
  if (state.view !== "cell" || !shape) return null
  if (state.open != null && shape.column === state.open) return <button type="button" onClick={() => set({ open: null })}>Close the cell</button>
  const there = shape.kind === "box" && net.sights.some((sight) => sight.view === "cell" && sight.open === shape.column)
  return there ? <button type="button" onClick={() => set({ open: shape.column })}>Open the cell</button> : null
}

function Value({ net, replay, id, frameOf, state, cut }) {
  const node = net.nodes[id]
  const frame = frameOf(state.net)
  const gradient = replay.gradient(id, frame)
  const facts = [
    ["what it is", [node.role?.replace("_", " "), node.op ? `made by ${node.op}` : "given"].filter(Boolean).join(", ")],
    ["where", net.place(id) || "outside of the steps"],
    ["shape", `(${(node.shape ?? []).join(", ")}) ${node.dtype}`],
    ["value", replay.isMade(id, frame) ? summary(node.value) : "not computed yet"],
  ]
  if (net.has.terms) {
    const counted = gradient.total > 1 ? ` (${gradient.count} of ${gradient.total} terms)` : ""
    facts.push([`∂L/∂${net.title(id)}`, gradient.sum ? summary(gradient.sum) + counted : frame < replay.turn || gradient.total ? "nothing has arrived yet" : "no gradient comes here"])
    if (gradient.sum) facts.push(["its norm", text(gradient.norm)])
    if (cut && id in cut.norms) facts.push(["norm after the cut", text(cut.norms[id])])
  }
  return <dl>{facts.map(([term, said]) => [<dt key={term}>{term}</dt>, <dd key={`${term}:`}>{said}</dd>])}</dl>
}

function Line({ net, chosen, replay, frameOf, state }) {
  const frame = frameOf(state.net)
  return (
    <section>
      <h2>{chosen.uses.length === 1 ? "One use of a value" : `${chosen.uses.length} uses of values`}</h2>
      <ul>
        {chosen.uses.slice(0, 40).map((key) => {
          const user = parseInt(key)
          const source = net.sources.get(key)
          const term = net.terms.get(key)
          const back = term && replay.hasArrived(key, frame) ? `; back along it: norm ${text(term.norm)}` : ""
          return <li key={key}>{net.title(source)} → {net.title(user)}{net.place(user) && ` (${net.place(user)})`}{back}</li>
        })}
      </ul>
    </section>
  )
}

const MOST = 12

/** Where it comes from, or goes to: one press goes there. */
function Ways({ name, uses, end, net, shown, choose, state }) {
  const ids = [...new Set(uses.map((use) => use[end]))]
  if (!ids.length) return null
  const picture = shown.find((p) => p.netIndex === state.net)
  const shapeOf = (id) => picture.shapes.find((each) => each.nodes.includes(id))
  const go = (shape) => {
    picture.viewport.reveal(shape.g)
    choose(picture, shape)
  }
  return (
    <>
      <h3>{name}</h3>
      <ul class="ways">
        {ids.slice(0, MOST).map((id) => {
          const shape = shapeOf(id) // a step that is left out has none
          const said = <>{net.title(id)}{net.place(id) && <small> {net.place(id)}</small>}</>
          return <li key={id}>{shape ? <button type="button" onClick={() => go(shape)}>{said}</button> : said}</li>
        })}
        {ids.length > MOST && <li>and {ids.length - MOST} more</li>}
      </ul>
    </>
  )
}

