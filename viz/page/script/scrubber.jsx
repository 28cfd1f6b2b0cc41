// The line at the bottom: first, back, on, last; a slider over all frames; what the frame is, in one sentence.

export function Scrubber({ replay, state, set, cut }) {
  const go = (frame) => set({ frame, cut: null })
  const at = (by) => replay.move(state.frame, by, state.bySteps)
  const sentence = cut
    ? `The end of the way back, with a cut at ${cut.name}: the gradients are those of a run with detach() there.`
    : replay.say(state.frame)
  return (
    <footer>
      <div class="buttons" role="group" aria-label="Frames">
        <button type="button" aria-label="first frame" onClick={() => go(0)}>|◀</button>
        <button type="button" aria-label="one frame back" onClick={() => go(at(-1))}>◀</button>
        <button type="button" aria-label="one frame on" onClick={() => go(at(1))}>▶</button>
        <button type="button" aria-label="last frame" onClick={() => go(replay.last)}>▶|</button>
      </div>
      <label class="slider">
        <span class="visually-hidden">Frame, forward and then backward</span>
        <input type="range" min="0" max={replay.last} value={state.frame} aria-valuetext={`frame ${state.frame} of ${replay.last}. ${sentence}`} onInput={(event) => go(Number(event.currentTarget.value))} />
        <span class="ways" aria-hidden="true">
          <span class="forward" style={{ flexGrow: Math.max(replay.turn - 1, 1) }}>forward</span>
          {replay.last >= replay.turn && <span class="backward" style={{ flexGrow: replay.last - replay.turn + 1 }}>backward</span>}
        </span>
      </label>
      <div class="choice" role="group" aria-label="How far one press goes">
        <button type="button" aria-pressed={state.bySteps} onClick={() => set({ bySteps: true })}>by step</button>
        <button type="button" aria-pressed={!state.bySteps} onClick={() => set({ bySteps: false })}>by op</button>
      </div>
      <p class="sentence" aria-live="polite"><span class="frame">{state.frame} / {replay.last}</span> {sentence}</p>
    </footer>
  )
}
