// Help: every key, and how a picture is to be read.

import { useEffect, useRef } from "preact/hooks"
import { KEYS } from "./keys.js"

export function Help({ close }) {
  const dialog = useRef(null)
  useEffect(() => dialog.current.showModal(), [])
  return (
    <dialog ref={dialog} aria-labelledby="help-title" onClose={close}>
      <h2 id="help-title">Keys</h2>
      <table>
        <tbody>{KEYS.map(({ sign, says }) => <tr key={sign}><th scope="row"><kbd>{sign}</kbd></th><td>{says}</td></tr>)}</tbody>
      </table>
      <h2>How to read it</h2>
      <p>Time runs from left to right. Each weight is drawn once, with a line to every step that uses it. A shape with a broken outline and no colour is not computed yet. On the way back, states and weights take the colour of their gradient: one colour for each power of ten, violet below 10, orange from 10 on; a hatched shape has gradient exactly 0, a dashed one none yet.</p>
      <form method="dialog"><button type="submit">Close</button></form>
    </dialog>
  )
}
