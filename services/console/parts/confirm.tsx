/** An action that is asked about first. The browser's own dialog keeps the keyboard inside, and Escape closes it. */
import type { ComponentChildren } from 'preact'
import { useId, useRef, useState } from 'preact/hooks'

interface ConfirmProps {
  readonly label: string
  readonly title: string
  /** What it does, and what it cannot undo. */
  readonly children: ComponentChildren
  /** Has to be typed before the action; null: a click is enough. */
  readonly typed?: string | null
  readonly danger?: boolean
  readonly onConfirm: () => Promise<unknown>
}

export const Confirm = ({ label, title, children, typed = null, danger = false, onConfirm }: ConfirmProps) => {
  const dialog = useRef<HTMLDialogElement>(null)
  const id = useId()
  const [text, setText] = useState('')
  const [problem, setProblem] = useState<string | null>(null)
  const [busy, setBusy] = useState(false)
  const act = async () => {
    setBusy(true)
    setProblem(null)
    try {
      await onConfirm()
      dialog.current?.close()
    } catch (error) {
      setProblem((error as Error).message)
    } finally {
      setBusy(false)
    }
  }
  const open = () => {
    setText('')
    setProblem(null)
    dialog.current?.showModal()
  }
  return (
    <>
      <button type="button" class={danger ? 'danger' : undefined} onClick={open}>
        {label}
      </button>
      <dialog ref={dialog} aria-labelledby={`${id}-title`}>
        <h2 id={`${id}-title`}>{title}</h2>
        {children}
        {typed === null ? null : (
          <label>
            Type <code>{typed}</code> to go on
            <input value={text} onInput={(event) => setText(event.currentTarget.value)} autocomplete="off" />
          </label>
        )}
        {problem === null ? null : <p role="alert">{problem}</p>}
        <div class="actions">
          <button type="button" onClick={() => dialog.current?.close()}>
            Cancel
          </button>
          <button
            type="button"
            class={danger ? 'danger' : 'primary'}
            disabled={busy || (typed !== null && text !== typed)}
            onClick={() => void act()}
          >
            {label}
          </button>
        </div>
      </dialog>
    </>
  )
}
