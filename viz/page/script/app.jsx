// The page as a whole: its state, and what the keyboard does.
//
//   ┌ Header: title, network, view, find, theme, help ┐
//   │ Stage: the pictures              │ Panel: chosen │
//   ├ Scrubber: frames, and what each one says ────────┤
//   └ Table: the same facts, to be read ───────────────┘

import { useCallback, useEffect, useLayoutEffect, useMemo, useReducer, useRef } from "preact/hooks"
import { chosenFrom, columnOf } from "./choice.js"
import { Flow } from "./flow.jsx"
import { Header } from "./header.jsx"
import { Help } from "./help.jsx"
import { keyboard } from "./keys.js"
import { useKey } from "./net.js"
import { Panel } from "./panel.jsx"
import { Scrubber } from "./scrubber.jsx"
import { Stage } from "./stage.jsx"
import { Table } from "./table.jsx"

export function App({ facts, nets, replays, pictures, legends }) {
  const [state, set] = useReducer((old, change) => ({ ...old, ...change }), {
    view: facts.view,
    theme: facts.theme,
    net: 0, // the one whose frames are counted
    frame: replays[0].last,
    bySteps: nets.length > 1,
    chosen: null, // { net, nodes, uses, shape }
    hovered: null,
    open: null, // in the view of cells, the column whose boxes are opened
    cut: null, // the place of one cut among the network's
    ledger: true,
    help: false,
    query: "",
    column: 0,
  })
  const find = useRef(null)
  const net = nets[state.net]
  const replay = replays[state.net]
  const shown = useMemo(
    () => pictures.filter(({ view, open }) => view === state.view && open === (view === "cell" ? state.open : null)),
    [state.view, state.open],
  )
  const cut = useMemo(() => asCut(net, state.cut), [net, state.cut])

  const frameOf = useCallback(
    (k) => (k === state.net ? state.frame : replays[k].matching(replay.moment(state.frame))),
    [state.net, state.frame],
  )

  const choose = useCallback((picture, each) => {
    if (!each) return set({ chosen: null, cut: null })
    const chosen = chosenFrom(picture, each)
    if (chosen) set({ chosen, net: picture.netIndex, column: Math.max(columnOf(picture, each), 0) })
  })

  useEffect(() => void (document.documentElement.dataset.theme = state.theme), [state.theme])
  useLayoutEffect(() => {
    for (const picture of shown) {
      const mine = (choice) => (choice?.net === picture.netIndex ? choice : null)
      picture.paint({
        frame: frameOf(picture.netIndex),
        chosen: mine(state.chosen) ?? (state.chosen ? null : mine(state.hovered)),
        cut: picture.netIndex === state.net ? cut : null,
        ledger: state.ledger,
      })
    }
  }, [shown, state.frame, state.net, state.chosen, state.hovered, cut, state.ledger])

  const actions = { set, choose, focusFind: () => find.current?.focus() }
  const now = useRef()
  now.current = { state, shown, net, replay, actions, picture: shown.find((p) => p.netIndex === state.net) }
  useEffect(() => {
    const listen = (event) => keyboard(event, now.current)
    document.addEventListener("keydown", listen)
    return () => document.removeEventListener("keydown", listen)
  }, [])

  const context = { facts, legends, nets, replays, net, replay, shown, state, set, choose, cut, frameOf }
  return (
    <>
      <Hatch />
      <Header {...context} find={find} />
      <main class={nets.length > 1 ? "twins" : ""}>
        <Stage {...context} />
        {nets.length > 1 && <Flow {...context} />}
        <Panel {...context} />
      </main>
      <Scrubber {...context} />
      <Table {...context} />
      {state.help && <Help close={() => set({ help: false })} />}
    </>
  )
}

/** The filling of a shape whose gradient is exactly 0: it looks like no small one. */
function Hatch() {
  return (
    <svg class="visually-hidden" aria-hidden="true">
      <pattern id="hatch" width="6" height="6" patternUnits="userSpaceOnUse" patternTransform="rotate(45)">
        <rect class="ground" width="6" height="6" />
        <line class="stroke" y2="6" />
      </pattern>
    </svg>
  )
}

function asCut(net, k) {
  if (k == null || !net.cuts[k]) return null
  const { uses, ...rest } = net.cuts[k]
  return { ...rest, uses, keys: new Set(uses.map(([user, position]) => useKey(user, position))) }
}
