// The line at the top: title, which network, which view, find, theme, help.

import { useState } from "preact/hooks"
import { chosenFrom } from "./choice.js"
import { VIEW_KEYS } from "./keys.js"

export function Header({ facts, nets, net, state, set, shown, choose, find }) {
  return (
    <header>
      <h1>{facts.title}</h1>
      {nets.length > 1 && (
        <Choice label="Network" value={state.net} of={nets.map(({ name }, k) => [k, name])} on={(k) => set({ net: k, cut: null, chosen: null })} />
      )}
      <Choice label="View" value={state.view} of={VIEW_KEYS.filter((view) => net.sights.some((sight) => sight.view === view)).map((view) => [view, view])} on={(view) => set({ view })} />
      <Find {...{ nets, state, set, shown, choose, find }} />
      <Choice label="Theme" value={state.theme} of={[...(facts.own ? ["own"] : []), "auto", "light", "dark"].map((name) => [name, name])} on={(theme) => set({ theme })} />
      <button type="button" class="help" aria-label="Help: keys and signs" onClick={() => set({ help: true })}>?</button>
    </header>
  )
}

function Choice({ label, value, of, on }) {
  return (
    <div class="choice" role="group" aria-label={label}>
      {of.map(([key, name]) => (
        <button type="button" key={key} aria-pressed={key === value} onClick={() => on(key)}>{name}</button>
      ))}
    </div>
  )
}

/** Finds shapes by what stands on them, their op or their part of the model, and chooses one after the other. */
function Find({ nets, state, set, shown, choose, find }) {
  const [at, setAt] = useState(0)
  const hits = matches(shown, nets, state.query)
  const show = (k, found = hits) => {
    if (!found.length) return
    const place = (k + found.length) % found.length
    setAt(place)
    const [picture, shape] = found[place]
    picture.viewport.reveal(shape.g)
    choose(picture, shape)
  }
  const typed = (query) => {
    set({ query })
    const found = matches(shown, nets, query)
    if (found.length) show(0, found)
    else set({ chosen: null })
  }
  const { chosen } = state
  const uses = chosen && !chosen.uses ? nets[chosen.net].usesOf(chosen.nodes).length : null
  const said = !state.query ? "" : !hits.length ? "not found in this view" : `${Math.min(at, hits.length - 1) + 1} of ${hits.length}${uses == null ? "" : `, ${uses} use${uses === 1 ? "" : "s"}`}`
  return (
    <form class="find" role="search" onSubmit={(event) => (event.preventDefault(), show(at + 1))}>
      <label>
        <span>Find</span>
        <input ref={find} type="search" value={state.query} placeholder="W_hh" onInput={(event) => typed(event.currentTarget.value)} />
      </label>
      <output aria-live="polite">{said}</output>
      <button type="button" aria-label="previous hit" disabled={!hits.length} onClick={() => show(at - 1)}>▲</button>
      <button type="button" aria-label="next hit" disabled={!hits.length} onClick={() => show(at + 1)}>▼</button>
    </form>
  )
}

/** Shapes whose label begins with the words first, then those that have them anywhere. */
function matches(shown, nets, query) {
  const words = query.trim().toLowerCase()
  if (!words) return []
  const found = shown.flatMap((picture) =>
    picture.shapes.filter((shape) => shape.nodes.length && chosenFrom(picture, shape)).map((shape) => [picture, shape]))
  const text = ([picture, shape]) => {
    const { name, op, scope } = nets[picture.netIndex].nodes[shape.nodes[0]]
    return [shape.label, name, op, scope].join(" ").toLowerCase()
  }
  const first = found.filter(([, shape]) => shape.label.toLowerCase().startsWith(words))
  return [...first, ...found.filter((hit) => !first.includes(hit) && text(hit).includes(words))]
}
