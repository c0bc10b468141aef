/** Versions of keyword lists or rule sets: which is active, and what differs between two. */
import type { ComponentChildren } from 'preact'
import { useState } from 'preact/hooks'
import type { ApiSchemas } from '../api/operations.ts'
import { useChange, useMay, useRead } from '../api/queries.ts'
import { countText, momentText } from '../format.ts'
import { Confirm } from '../parts/confirm.tsx'
import { State, type Tone } from '../parts/state.tsx'
import { Table } from '../parts/table.tsx'
import { useViewState } from '../parts/view-state.ts'

const shownLines = 500

type Version = ApiSchemas['Version']

const tones: Readonly<Record<Version['state'], Tone>> = { active: 'good', shadow: 'notice', earlier: 'off' }
const stateNames: Readonly<Record<Version['state'], string>> = {
  active: 'active',
  shadow: 'counted only (shadow)',
  earlier: 'earlier',
}

interface VersionTableProps {
  readonly versions: readonly Version[]
  readonly sizeName: string
  readonly none: string
  readonly onChoice: (version: Version) => void
  readonly actionsOf?: (version: Version) => ComponentChildren
}

const VersionTable = ({ versions, sizeName, none, onChoice, actionsOf }: VersionTableProps) => (
  <Table
    caption="Versions"
    columns={[
      {
        title: 'version',
        cell: (version) => (
          <button type="button" class="link" onClick={() => onChoice(version)}>
            {version.id} {version.version}
          </button>
        ),
      },
      { title: 'state', cell: ({ state }) => <State tone={tones[state]}>{stateNames[state]}</State> },
      { title: sizeName, cell: ({ size }) => countText(size), numeric: true },
      { title: 'made', cell: ({ createdAt }) => momentText(createdAt) },
      { title: 'by', cell: ({ author }) => author ?? '–' },
      { title: 'as version', cell: ({ copyOf }) => copyOf ?? '–', numeric: true },
      ...(actionsOf ? [{ title: 'action', cell: actionsOf }] : []),
    ]}
    rows={versions}
    keyOf={({ id, version }) => `${id} ${version}`}
    none={none}
  />
)

const Lines = ({ title, lines }: { title: string; lines: readonly string[] }) =>
  lines.length === 0 ? null : (
    <>
      <h3>
        {title} ({lines.length})
      </h3>
      <ul>
        {lines.slice(0, shownLines).map((line, n) => (
          <li key={`${n} ${line}`}>
            <code>{line}</code>
          </li>
        ))}
      </ul>
      {lines.length > shownLines ? <p class="none">and {lines.length - shownLines} more</p> : null}
    </>
  )

interface DiffProps<Item> {
  readonly diff: {
    readonly from: number | null
    readonly to: number
    readonly added: readonly Item[]
    readonly removed: readonly Item[]
    readonly changed: readonly { readonly before: Item; readonly after: Item }[]
    readonly same: number
  }
  readonly lineOf: (item: Item) => string
}

const Diff = <Item,>({ diff, lineOf }: DiffProps<Item>) => {
  const { from, to, added, removed, changed, same } = diff
  return (
    <>
      <p>
        {from === null ? `Version ${to} is the first.` : `Version ${to} against version ${from}:`} {countText(same)} the
        same, {added.length} added, {removed.length} removed, {changed.length} changed.
      </p>
      <Lines title="Added" lines={added.map(lineOf)} />
      <Lines title="Removed" lines={removed.map(lineOf)} />
      <Lines title="Changed" lines={changed.map(({ before, after }) => `${lineOf(before)} → ${lineOf(after)}`)} />
    </>
  )
}

/** What is shown below the table: `id` and `to` of the address. */
const useChosen = () => {
  const [params, change] = useViewState()
  const id = params.get('id')
  const to = params.get('to')
  return {
    id,
    query: to === null ? {} : { to: Number(to) },
    choose: (version: Version) => change({ id: version.id, to: String(version.version) }),
  }
}

const entryLine = ({ keyword, flag, locale, match, fold, unless }: ApiSchemas['KeywordEntry']) =>
  [
    `${keyword} → ${flag}`,
    match,
    ...(locale === null ? [] : [locale]),
    ...(fold === 'exact' ? [] : [fold]),
    ...(unless.length > 0 ? [`unless in ${unless.join(', ')}`] : []),
  ].join(', ')

const ListActions = ({ version: { id, version, state } }: { version: Version }) => {
  const [promote, rollback] = [
    useChange('POST keyword-lists/{id}/promote'),
    useChange('POST keyword-lists/{id}/rollback'),
  ]
  if (!useMay('admin') || state === 'active') return null
  if (state === 'shadow')
    return (
      <Confirm
        label="Promote"
        title={`Promote ${id} ${version}`}
        onConfirm={() => promote.mutateAsync({ id, body: { checked: true } })}
      >
        <p>
          Its keywords raise signals from now on, as a new version, within 5 s. Go on only if you have checked that none
          of its flags tells what was said.
        </p>
      </Confirm>
    )
  return (
    <Confirm
      label="Roll back"
      title={`Roll ${id} back to version ${version}`}
      onConfirm={() => rollback.mutateAsync({ id, body: { to: version, checked: true } })}
    >
      <p>A new version with these keywords becomes active within 5 s. The present one stays in the list.</p>
    </Confirm>
  )
}

const TryText = ({ id }: { id: string }) => {
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

export const KeywordListsPage = () => {
  const { id, query, choose } = useChosen()
  const { data, error } = useRead('GET keyword-lists', { every: 5_000 })
  const diff = useRead('GET keyword-lists/{id}', { id: id ?? '', query, enabled: id !== null })
  return (
    <>
      <h1>Keyword lists</h1>
      <p>
        What people's words raise signals for. A new version is imported with <code>signals keywords import FILE</code>.
      </p>
      {error ? <p role="alert">{error.message}</p> : null}
      <VersionTable
        versions={data ?? []}
        sizeName="keywords"
        none={data ? 'There is no list.' : 'reading …'}
        onChoice={choose}
        actionsOf={(version) => <ListActions version={version} />}
      />
      {diff.error ? <p role="alert">{diff.error.message}</p> : null}
      {id !== null && diff.data ? (
        <>
          <h2>{id}</h2>
          <TryText key={id} id={id} />
          <Diff diff={diff.data} lineOf={entryLine} />
        </>
      ) : null}
    </>
  )
}

export const RuleSetsPage = () => {
  const { id, query, choose } = useChosen()
  const { data, error } = useRead('GET rule-sets', { every: 5_000 })
  const diff = useRead('GET rule-sets/{id}', { id: id ?? '', query, enabled: id !== null })
  return (
    <>
      <h1>Rule sets</h1>
      <p>
        Which outcomes, keywords, orders and messages become events. Versions are imported, promoted and rolled back
        with <code>signals rules</code>.
      </p>
      {error ? <p role="alert">{error.message}</p> : null}
      <VersionTable
        versions={data ?? []}
        sizeName="rules"
        none={data ? 'There is no rule set.' : 'reading …'}
        onChoice={choose}
      />
      {diff.error ? <p role="alert">{diff.error.message}</p> : null}
      {id !== null && diff.data ? (
        <>
          <h2>{id}</h2>
          <Diff diff={diff.data} lineOf={(rule) => JSON.stringify(rule)} />
        </>
      ) : null}
    </>
  )
}
