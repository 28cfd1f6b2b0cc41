// Under the rows of several networks: log₁₀ ‖∂L/∂h_t‖ over t, a line for each. Falling to the left, it vanishes.

import { useEffect, useRef, useState } from "preact/hooks"
import { text } from "./numbers.js"
import { pitchOf } from "./stage.jsx"

const HEIGHT = 200
const BOTTOM = 26
const DASHES = ["", "7 4", "2 4"]

export function Flow({ nets, replays, shown, frameOf }) {
  const figure = useRef(null)
  const [width, setWidth] = useState(640)
  useEffect(() => {
    const watch = new ResizeObserver(([{ contentRect }]) => setWidth(contentRect.width))
    watch.observe(figure.current)
    return () => watch.disconnect()
  }, [])

  const lines = nets.map((net, k) => {
    const ids = net.states()[0]?.ids ?? []
    const points = ids.map((id) => ({ t: net.nodes[id].step, now: replays[k].gradient(id, frameOf(k)).norm, whole: net.nodes[id].gradient?.norm }))
    return { name: net.name, k, points }
  })
  const all = lines.flatMap(({ points }) => points.map(({ whole }) => whole)).filter(isPositive)
  const low = all.length ? Math.floor(Math.log10(Math.min(...all))) : -1
  const high = Math.max(all.length ? Math.ceil(Math.log10(Math.max(...all))) : 0, low + 1)
  const last = Math.max(1, ...lines.flatMap(({ points }) => points.map(({ t }) => t)))
  const { pitch, first } = pitchOf(shown, width)
  const x = (t) => first + (t - 1) * pitch
  const y = (norm) => 10 + ((high - Math.log10(norm)) / (high - low)) * (HEIGHT - BOTTOM - 10)
  const every = Math.ceil((high - low) / 8)
  const ticks = Array.from({ length: high - low + 1 }, (_, k) => low + k).filter((k) => (high - k) % every === 0)
  const marks = Array.from({ length: last }, (_, k) => k + 1).filter((t) => t === 1 || t % Math.ceil(30 / pitch) === 0)
  const said = lines.map(({ name, points }) => `${name}: ${text(points.at(0)?.whole)} at step 1, ${text(points.at(-1)?.whole)} at step ${last}`)
  const heights = apart(lines.map(({ points }) => (isPositive(points[0]?.whole) ? y(points[0].whole) : HEIGHT - BOTTOM)))
  return (
    <figure class="flow" ref={figure}>
      <svg viewBox={`0 0 ${width} ${HEIGHT}`} height={HEIGHT} role="img" aria-label={`The norm of the gradient of the loss by the state of each step. ${said.join("; ")}.`}>
        {ticks.map((k) => (
          <g key={k}>
            <line class="grid" x1={first} x2={x(last)} y1={y(10 ** k)} y2={y(10 ** k)} />
            <text x={x(last) + 8} y={y(10 ** k) + 4}>{`1e${k}`.replace("-", "−")}</text>
          </g>
        ))}
        {marks.map((t) => <text key={t} x={x(t)} y={HEIGHT - 6} text-anchor="middle">{t === 1 ? "t = 1" : t}</text>)}
        {lines.map(({ name, k, points }) => {
          const there = points.filter(({ now }) => isPositive(now))
          return (
            <g key={name} class={`net net-${k % 3}`}>
              <polyline fill="none" stroke-dasharray={DASHES[k % 3]} points={there.map(({ t, now }) => `${x(t)},${y(now)}`).join(" ")} />
              {there.map(({ t, now }) => <circle key={t} cx={x(t)} cy={y(now)} r="2.5" />)}
              <text x={first - 10} y={heights[k] + 4} text-anchor="end">{name}</text>
            </g>
          )
        })}
      </svg>
      <figcaption>‖∂L/∂h_t‖ at each step, as far as the gradient has come. A line that falls to the left vanishes.</figcaption>
    </figure>
  )
}

const isPositive = (x) => typeof x === "number" && x > 0

/** Heights of names, moved so that no two are closer than a line of text. */
function apart(heights) {
  const order = [...heights.keys()].sort((a, b) => heights[a] - heights[b])
  const found = [...heights]
  order.forEach((k, place) => {
    if (place) found[k] = Math.max(found[k], found[order[place - 1]] + 14)
  })
  return found
}
