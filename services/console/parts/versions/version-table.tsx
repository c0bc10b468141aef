/** Versions in a table, and what differs between two of them. */
import type { ComponentChildren } from 'preact'
import type { ApiSchemas } from '../../api/operations.ts'
import { countText } from '../../format.ts'
import { Moment } from '../moment.tsx'
import { State, type Tone } from '../state.tsx'
import { Table } from '../table.tsx'
import { useViewState } from '../view-state.ts'

const shownLines = 500

export type Version = ApiSchemas['Version']

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

export const VersionTable = ({ versions, sizeName, none, onChoice, actionsOf }: VersionTableProps) => (
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
      { title: 'made', cell: ({ createdAt }) => <Moment at={createdAt} /> },
      { title: 'by', cell: ({ author }) => author ?? '–' },
      { title: 'as version', cell: ({ copyOf }) => copyOf ?? '–', numeric: true },
      ...(actionsOf ? [{ title: 'action', cell: actionsOf }] : []),
    ]}
    rows={versions}
    keyOf={({ id, version }) => `${id} ${version}`}
    none={none}
  />
)

export const Lines = ({ title, lines }: { title: string; lines: readonly string[] }) =>
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

export const Diff = <Item,>({ diff, lineOf }: DiffProps<Item>) => {
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

/** What is shown below the table: `id` and `version` of the address, or the newest version of the first one. */
export const useChosen = (versions: readonly Version[] | undefined) => {
  const [params, change] = useViewState()
  const id = params.get('id') ?? versions?.[0]?.id ?? null
  const version = params.get('version')
  return {
    id,
    query: version === null ? {} : { to: Number(version) },
    choose: (chosen: Version) => change({ id: chosen.id, version: String(chosen.version) }),
  }
}
