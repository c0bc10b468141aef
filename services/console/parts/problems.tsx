/** Each problem once: how bad, since when, what follows from it, and what to do about it. */
import { useState } from 'preact/hooks'
import type { ApiSchemas } from '../api/operations.ts'
import { useRead } from '../api/queries.ts'
import { agoText, momentText } from '../format.ts'
import { Markdown } from './markdown.tsx'
import { State, toneNames } from './state.tsx'

type Group = ApiSchemas['ProblemGroup']

const Runbook = ({ name }: { name: string }) => {
  const { data, error } = useRead('GET runbooks/{id}', { id: name })
  if (error) return <p role="alert">{error.message}</p>
  return data ? <Markdown text={data.text} /> : <p>reading …</p>
}

/** The command in a remedy is set apart. */
const Remedy = ({ text }: { text: string }) => <Markdown text={text} />

const Problem = ({ problem, now, opened }: { problem: Group; now: number; opened: boolean }) => {
  const { severity, text, runbook, remedy, since, effects } = problem
  const [isOpen, setOpen] = useState(opened)
  return (
    <li class={`problem ${severity}`}>
      <h3>
        <State tone={severity}>{toneNames[severity]}</State>
        <span>{text}</span>
      </h3>
      {since === null ? null : (
        <p class="since">
          seen {agoText(since, now)}, at <time dateTime={new Date(since).toISOString()}>{momentText(since)}</time>
        </p>
      )}
      {effects.length > 0 ? (
        <>
          <p>From this follows:</p>
          <ul>
            {effects.map((effect) => (
              <li key={effect}>{effect}</li>
            ))}
          </ul>
        </>
      ) : null}
      {remedy ? <Remedy text={remedy} /> : null}
      {runbook ? (
        <details open={isOpen} onToggle={(event) => setOpen(event.currentTarget.open)}>
          <summary>What to do</summary>
          {isOpen ? <Runbook name={runbook} /> : null}
        </details>
      ) : null}
    </li>
  )
}

/** @param now ms, of the server */
export const Problems = ({ problems, now }: { problems: readonly Group[]; now: number }) => (
  <ul class="problems">
    {problems.map((problem, n) => (
      <Problem key={problem.id} problem={problem} now={now} opened={n === 0 && problem.severity === 'page'} />
    ))}
  </ul>
)
