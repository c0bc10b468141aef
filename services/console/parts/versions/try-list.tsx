/** Tries the active version of a keyword list on a text, or a version of a list or rule set on a file. Nothing is kept. */
import type { ComponentChildren } from 'preact'
import { useState } from 'preact/hooks'
import { useChange } from '../../api/queries.ts'
import { countText, shareText } from '../../format.ts'
import { Table } from '../table.tsx'
import { base64Of } from './import-version.tsx'
import { Lines } from './version-table.tsx'

export const TryText = ({ id }: { id: string }) => {
  const [text, setText] = useState('')
  const tried = useChange('POST keyword-lists/{id}/try')
  const { data, error } = tried
  return (
    <form
      onSubmit={(event) => {
        event.preventDefault()
        tried.mutate({ id, body: { text } })
      }}
    >
      <h3>Try a text</h3>
      <div class="filters">
        <label>
          Text, of which nothing is kept
          <input type="search" required value={text} onInput={(event) => setText(event.currentTarget.value)} />
        </label>
        <button type="submit">Try</button>
      </div>
      {error ? <p role="alert">{error.message}</p> : null}
      {data ? (
        <div role="status">
          <p>
            {data.flags.length === 0
              ? `Version ${data.version}: no keyword.`
              : `Version ${data.version} raises ${data.flags.join(', ')}.`}
          </p>
          <Lines
            title="Found"
            lines={data.matches.map(({ keyword, flag, match }) => `${keyword} → ${flag} (${match})`)}
          />
          <Lines
            title="Not found"
            lines={data.nearMisses.map(({ keyword, flag, reason }) => `${keyword} → ${flag}: ${reason}`)}
          />
        </div>
      ) : null}
    </form>
  )
}

/** Reads a file that a person chooses. @param onFile gets its content in Base64 */
const ChooseFile = ({ children, onFile }: { children: ComponentChildren; onFile(file: string): void }) => {
  const choose = async (input: HTMLInputElement) => {
    const file = input.files?.[0]
    if (file) onFile(await base64Of(file))
  }
  return (
    <label>
      {children}
      <input type="file" onChange={(event) => void choose(event.currentTarget)} />
    </label>
  )
}

/** Of a rule set. */
export const EvaluateRules = ({ id, version }: { id: string; version: number }) => {
  const evaluated = useChange('POST rule-sets/{id}/evaluate')
  const { data, error, isPending } = evaluated
  return (
    <>
      <h3>Evaluate version {version} on a file</h3>
      <ChooseFile onFile={(file) => evaluated.mutate({ id, body: { file, version } })}>
        Message events, a line each, in the order in which they come
      </ChooseFile>
      {isPending ? <p role="status">judging …</p> : null}
      {error ? <p role="alert">{error.message}</p> : null}
      {data ? (
        <Table
          caption="Rules over the file"
          columns={[
            { title: 'rule', cell: ({ rule }) => rule + 1, numeric: true },
            { title: 'event', cell: ({ event }) => event },
            { title: 'fired', cell: ({ fired }) => countText(fired), numeric: true },
            { title: 'counted already', cell: ({ keptBack }) => countText(keptBack.count), numeric: true },
            { title: 'kept back by unless', cell: ({ keptBack }) => countText(keptBack.unless), numeric: true },
            { title: 'condition not met', cell: ({ notHeld }) => countText(notHeld), numeric: true },
            { title: 'never, because', cell: ({ why }) => why ?? '–' },
          ]}
          rows={data.rules}
          keyOf={({ rule }) => String(rule)}
          none="It has no rule."
        />
      ) : null}
    </>
  )
}

export const EvaluateFile = ({ id, version }: { id: string; version: number }) => {
  const evaluated = useChange('POST keyword-lists/{id}/evaluate')
  const { data, error, isPending } = evaluated
  return (
    <>
      <h3>Evaluate version {version} on a file</h3>
      <ChooseFile onFile={(file) => evaluated.mutate({ id, body: { file, version } })}>
        Messages, a line each: a JSON text, {'{"text": …}'} or a message event
      </ChooseFile>
      {isPending ? <p role="status">matching …</p> : null}
      {error ? <p role="alert">{error.message}</p> : null}
      {data ? (
        <div role="status">
          <p>
            {countText(data.firing)} of {countText(data.messages)} messages would give a keyword signal (
            {shareText(data.share)}); {countText(data.notLookedAt)} have no words of the person.
          </p>
          <Lines
            title="Flags that tell what few people wrote"
            lines={data.rareFlags.map(({ flag, conversations }) => `${flag}: ${conversations} conversations`)}
          />
          <Table
            caption="Keywords by messages"
            columns={[
              { title: 'keyword', cell: ({ keyword }) => keyword },
              { title: 'flag', cell: ({ flag }) => flag },
              { title: 'messages', cell: ({ messages }) => countText(messages), numeric: true },
              { title: 'as word', cell: ({ asWord }) => countText(asWord), numeric: true },
              { title: 'as chat', cell: ({ asChat }) => countText(asChat), numeric: true },
              { title: 'as substring', cell: ({ asSubstring }) => countText(asSubstring), numeric: true },
            ]}
            rows={data.keywords.filter(({ messages, asSubstring }) => messages + asSubstring > 0).slice(0, 100)}
            keyOf={({ keyword, flag }, n) => `${keyword} ${flag} ${n}`}
            none="No keyword is in these messages."
          />
        </div>
      ) : null}
    </>
  )
}
