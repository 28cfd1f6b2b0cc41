// Numbers as text, with the digits that they were told in, and gradients as a power of ten and a pen.
//
//   text(0.00012345) = "1.234e-4"       power(2e-3) = "heat_m3"       pen(1) = 5

const DIGITS = 4

/** A number that came from Python: not finite ones are texts already. */
export function text(x, digits = DIGITS) {
  if (x == null) return "–"
  const known = typeof x === "string" ? { inf: "∞", "-inf": "−∞", nan: "NaN" }[x] : null
  if (known) return known
  if (x === 0) return "0"
  const [digitsOfIt, exponent] = x.toExponential(digits - 1).split("e").map(Number)
  const plain = exponent >= -3 && exponent < 6
  const said = plain ? String(Number(x.toPrecision(digits))) : `${digitsOfIt}e${exponent}`
  return said.replace("-", "−").replace("e-", "e−")
}

/** The value or the gradient of a node: its number, its numbers, or its norm and both ends. */
export function summary(of) {
  if (!of) return "not kept"
  if (of.numbers) return of.numbers.length === 1 ? text(of.numbers[0]) : `[${of.numbers.map((x) => text(x)).join(", ")}]`
  return `norm ${text(of.norm)}, from ${text(of.ends[0])} to ${text(of.ends[1])}`
}

/** A norm as pictures write it: ∇ 1.2e-3. */
export function norm(x) {
  if (x == null) return "∇ –"
  if (typeof x === "string") return x === "nan" ? "∇ NaN" : "∇ ∞"
  return x === 0 ? "∇ 0" : `∇ ${x.toExponential(1).replace("e+", "e")}`
}

/** The class of a shape that shows a gradient of this norm: one for each power of ten. */
export function power(x, { least, most }) {
  if (x == null) return "heat_none"
  if (typeof x === "string") return "heat_nan"
  if (x === 0) return "heat_zero"
  const decade = Math.min(Math.max(Number(x.toExponential().split("e")[1]), least), most)
  return `heat_${String(decade).replace("-", "m")}`
}

/** The width of a line on which such a gradient goes back: 0.8 at 1e-8 and below, 5 at 1, more above 10. */
export function pen(x) {
  if (typeof x === "string") return 8
  if (!x) return 0.8
  const size = Math.log10(x)
  return size < 1 ? 0.8 + 4.2 * Math.min(Math.max((size + 8) / 8, 0), 1) : Math.min(6 + size / 2, 8)
}

/** The joint norm of several gradients. */
export function joint(norms) {
  const odd = norms.find((x) => typeof x === "string")
  return odd ?? Math.hypot(...norms)
}
