// Makes bundle/page.js and bundle/page.css out of script/ and style.css:  npm ci && npm run build
//
//   script/main.jsx ─→ esbuild ─→ one file, with the licence of every package that is in it at its top

import { build } from "esbuild"
import { readFileSync } from "node:fs"

const made = await build({
  entryPoints: { page: "script/main.jsx", style: "style.css" },
  outdir: "bundle",
  entryNames: "page",
  bundle: true,
  minify: true,
  charset: "utf8",
  target: "es2022",
  format: "iife",
  jsx: "automatic",
  jsxImportSource: "preact",
  metafile: true,
  banner: { js: notices() },
})

for (const [file, { bytes }] of Object.entries(made.metafile.outputs)) console.log(file, bytes)

/** The licences of what is bundled, as they ask to be kept; they stand in every page. */
function notices() {
  const lock = JSON.parse(readFileSync("package-lock.json"))
  const bundled = Object.entries(lock.packages).filter(([path, { dev }]) => path && !dev)
  const texts = bundled.map(([path, { version }]) => {
    const licence = readFileSync(`${path}/LICENSE`, "utf8").trim().replaceAll("*/", "* /")
    return `${path.replace("node_modules/", "")} ${version}\n${licence}`
  })
  return `/*! This page's script contains:\n\n${texts.join("\n\n")}\n*/`
}
