// Where the pictures are: one, or several in rows with their columns under each other; on a narrow page, one column.

import { useEffect, useLayoutEffect, useRef, useState } from "preact/hooks"
import { chosenFrom } from "./choice.js"

const NARROW = "(max-width: 700px)"
const LEAST_ROW = 110 // pixels

export function Stage({ nets, shown, state, set, choose, net }) {
  const stage = useRef(null)
  const [narrow, setNarrow] = useState(matchMedia(NARROW).matches)
  const [size, setSize] = useState("")
  const columns = shown[0].columns
  const column = Math.min(state.column, columns.length - 1)

  useEffect(() => {
    const query = matchMedia(NARROW)
    const changed = () => setNarrow(query.matches)
    query.addEventListener("change", changed)
    const watch = new ResizeObserver(([{ contentRect: { width, height } }]) => setSize(`${width}×${height}`))
    watch.observe(stage.current)
    return () => (query.removeEventListener("change", changed), watch.disconnect())
  }, [])

  useLayoutEffect(() => {
    stage.current.replaceChildren(...shown.map(({ element }) => element))
    for (const { element, netIndex } of shown) {
      element.hidden = false
      element.setAttribute("aria-label", nets[netIndex].name || "picture")
      element.dataset.name = nets[netIndex].name
    }
  }, [shown])

  useLayoutEffect(() => arrange(stage.current, shown, narrow, column), [shown, narrow, size, narrow && column])

  const hit = (event) => {
    const g = event.target.closest?.("[data-shape], [data-line]")
    const picture = g && shown.find((p) => p.svg.contains(g))
    return picture ? [picture, picture.byId.get(g.dataset.shape ?? g.dataset.line)] : null
  }
  const over = (event) => {
    const found = hit(event)
    const hovered = found && chosenFrom(...found)
    if (hovered?.shape !== state.hovered?.shape || hovered?.net !== state.hovered?.net) set({ hovered })
  }
  const click = (event) => {
    const found = hit(event)
    if (found) choose(...found)
    else choose(shown[0], null)
  }
  return (
    <section class="stage" aria-label="Picture">
      {narrow && (
        <nav class="columns" aria-label="Columns">
          <button type="button" disabled={column === 0} aria-label="column before" onClick={() => set({ column: column - 1 })}>◀</button>
          <span aria-live="polite">{columns[column].name} ({column + 1} of {columns.length})</span>
          <button type="button" disabled={column === columns.length - 1} aria-label="column after" onClick={() => set({ column: column + 1 })}>▶</button>
        </nav>
      )}
      <div class="pictures" ref={stage} onClick={click} onPointerOver={over} onPointerLeave={() => set({ hovered: null })} onFocusIn={over} />
      {!narrow && (
        <div class="zoom" role="group" aria-label="Zoom">
          <button type="button" aria-label="larger" onClick={() => shown.forEach((p) => p.viewport.by(1.25))}>+</button>
          <button type="button" aria-label="smaller" onClick={() => shown.forEach((p) => p.viewport.by(0.8))}>−</button>
          <button type="button" aria-label="the whole picture" onClick={() => shown.forEach((p) => p.viewport.reset())}>⤢</button>
        </div>
      )}
    </section>
  )
}

/** How far apart the steps of several rows stand, and where the first one does, in pixels. */
export function pitchOf(shown, width) {
  const steps = Math.max(...shown.map(({ columns }) => columns.filter((c) => c.column != null && c.column % 1 === 0).length))
  const pitch = (width - 40) / (steps + 1.5)
  return { pitch, first: 20 + 1.5 * pitch }
}

/** Give every picture its room, and fit it in. */
function arrange(stage, shown, narrow, column) {
  const { width, height } = stage.getBoundingClientRect()
  if (!width) return
  if (narrow || shown.length === 1) {
    for (const { svg, viewport, columns } of shown) {
      viewport.narrow = narrow
      const room = narrow ? viewport.fitColumn(Math.min(column, columns.length - 1), width) : Math.max(height, LEAST_ROW)
      svg.style.height = `${room}px`
      if (!narrow) viewport.fit(width, room)
    }
    return
  }
  const { pitch, first } = pitchOf(shown, width)
  for (const { svg, viewport } of shown) {
    viewport.narrow = false
    svg.style.height = `${Math.max(viewport.align(pitch, first), LEAST_ROW)}px`
    viewport.others = shown.map((p) => p.viewport).filter((other) => other !== viewport)
  }
}
