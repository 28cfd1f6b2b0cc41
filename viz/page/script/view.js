// The window on a picture: zoom and pan by d3-zoom; fitted to all of it, or to one column.
//
//   svg  (as large as the page gives)  >  g.viewport (moved and scaled)  >  the picture, in points
//
// Beside others, pictures share one pitch: their columns stand under each other, and move together.

import { select } from "d3-selection"
import { zoom, zoomIdentity } from "d3-zoom"

const SVG = "http://www.w3.org/2000/svg"
const MARGIN = 12
const BESIDE = 30 // points of what is beside a column
const PAD = 8 // points that Graphviz leaves around a picture

export class Viewport {
  constructor(picture) {
    this.picture = picture
    const { svg } = picture
    const [, , width, height] = svg.getAttribute("viewBox").split(/\s+/).map(Number)
    this.size = { width, height }
    this.group = document.createElementNS(SVG, "g")
    this.group.setAttribute("class", "viewport")
    this.group.append(...svg.querySelectorAll(":scope > g"))
    svg.append(this.group)
    for (const name of ["viewBox", "width", "height"]) svg.removeAttribute(name)
    this.base = { scale: 1, x: 0, y: 0 }
    this.others = []
    this.zoom = zoom().scaleExtent([0.2, 40]).filter((event) => this.takes(event)).on("zoom", ({ transform, sourceEvent }) => this.show(transform, sourceEvent))
    select(svg).call(this.zoom).on("dblclick.zoom", null)
  }

  /** On a narrow page one finger, or the wheel, scrolls the page; two fingers zoom. */
  takes(event) {
    const scrolls = event.type === "wheel" ? !event.ctrlKey : event.touches?.length === 1
    return !event.button && !(this.narrow && scrolls)
  }

  show(transform, byHand) {
    const { scale, x, y } = this.base
    const k = transform.k * scale
    this.group.setAttribute("transform", `translate(${transform.x + transform.k * x},${transform.y + transform.k * y}) scale(${k})`)
    if (byHand) for (const other of this.others) select(other.picture.svg).call(other.zoom.transform, transform)
  }

  reset() {
    select(this.picture.svg).call(this.zoom.transform, zoomIdentity)
  }

  by(factor) {
    select(this.picture.svg).call(this.zoom.scaleBy, factor)
  }

  /** All of the picture in the space there is, not larger than it was painted by more than a third. */
  fit(width, height) {
    const scale = Math.min((width - 2 * MARGIN) / this.size.width, (height - 2 * MARGIN) / this.size.height, 4 / 3)
    this.base = { scale, x: (width - scale * this.size.width) / 2, y: (height - scale * this.size.height) / 2 }
    this.reset()
  }

  /** One column, as wide as the page, with a little of what is beside it: how high the picture is then. */
  fitColumn(k, width) {
    const { left, right } = this.picture.columns[k]
    const scale = Math.min(width / (right - left + 2 * BESIDE), 1.1)
    this.base = { scale, x: width / 2 - scale * (PAD + (left + right) / 2), y: 0 }
    this.reset()
    return scale * this.size.height
  }

  /** Columns one pitch apart, the first step's at x: how high the picture is then. */
  align(pitch, x) {
    const steps = this.picture.columns.filter(({ column }) => column != null && column % 1 === 0)
    const middle = ({ left, right }) => PAD + (left + right) / 2
    const own = steps.length > 1 ? (middle(steps.at(-1)) - middle(steps[0])) / (steps.length - 1) : this.size.width
    const scale = pitch / own
    this.base = { scale, x: x - scale * middle(steps[0]), y: 0 }
    this.reset()
    return scale * this.size.height
  }

  /** Bring a shape into sight, if it is not. */
  reveal(element) {
    const box = element.getBoundingClientRect()
    const frame = this.picture.svg.getBoundingClientRect()
    const x = box.left < frame.left ? frame.left - box.left + 20 : box.right > frame.right ? frame.right - box.right - 20 : 0
    const y = box.top < frame.top ? frame.top - box.top + 20 : box.bottom > frame.bottom ? frame.bottom - box.bottom - 20 : 0
    if (!x && !y) return
    const svg = this.picture.svg
    const { k } = svg.__zoom
    select(svg).call(this.zoom.translateBy, x / k, y / k)
  }
}
