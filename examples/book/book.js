// Names for what Material leaves without one, and keys for what scrolls sideways: axe-core asks for both.
const name = () => {
  document.querySelector(".md-search")?.setAttribute("aria-label", "Search")
  document.querySelectorAll(".md-code__nav").forEach((nav, k) => nav.setAttribute("aria-label", `Code ${k + 1}`))
  document.querySelectorAll(".md-typeset__scrollwrap").forEach(table => table.setAttribute("tabindex", "0"))
}
new MutationObserver(name).observe(document.documentElement, { childList: true, subtree: true })
name()
