// The page: reads what Python wrote into it, and builds everything around the pictures.
//
//   facts (JSON) ─→ Net ─→ Replay           net.js, replay.js     the graph, and its run as frames
//   pictures (SVG) ─→ Picture                picture.js, view.js   shapes and lines found by id; zoom and pan
//   App                                      app.jsx               the state of it all, and the keyboard
//     Header  Scrubber  Panel  Ledger  Flow  Table  Help           one file each
//
// Nothing is made from strings of markup: elements are found, or made one by one, and text is set as text.

import { render } from "preact"
import { App } from "./app.jsx"
import { Net } from "./net.js"
import { Picture } from "./picture.js"
import { Replay } from "./replay.js"

const facts = JSON.parse(document.getElementById("facts").textContent)
const nets = facts.nets.map((told) => new Net(told))
const replays = nets.map((net) => new Replay(net))
const pictures = [...document.querySelectorAll("#pictures > .picture")].map((element) => {
  const net = Number(element.dataset.net)
  return new Picture(element, nets[net], replays[net], net, facts.heat)
})

const legends = [...document.querySelectorAll("#pictures > .legend")]

const app = document.getElementById("app")
app.textContent = ""
render(<App facts={facts} nets={nets} replays={replays} pictures={pictures} legends={legends} />, app)
