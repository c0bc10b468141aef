/** Replays of the last 90 days: what was asked, how far each is, and what came of it. */
import { useRead } from '../api/queries.ts'
import { countText, momentText } from '../format.ts'
import { State, type Tone } from '../parts/state.tsx'
import { Table } from '../parts/table.tsx'

const tones: Readonly<Record<string, Tone>> = { running: 'notice', done: 'good', interrupted: 'warning' }
const rangeText = (from: unknown, to: unknown) =>
  [from, to].map((at) => (typeof at === 'number' ? momentText(at) : '…')).join(' – ')

export const ReplaysPage = () => {
  const { data, error } = useRead('GET replays', { every: 5_000 })
  return (
    <>
      <h1>Replays</h1>
      <p>
        A replay decides history again and sends what is new. Start one with <code>signals replay</code>: it begins with
        a dry run. An interrupted one goes on with <code>signals replay --resume RUN</code>.
      </p>
      {error ? <p role="alert">{error.message}</p> : null}
      <Table
        caption="Replays"
        columns={[
          { title: 'run', cell: ({ id }) => id },
          { title: 'state', cell: ({ state }) => <State tone={tones[state] ?? 'off'}>{state}</State> },
          { title: 'of', cell: ({ request }) => rangeText(request.from, request.to) },
          { title: 'from topic', cell: ({ request }) => String(request.entry ?? '–') },
          ...(['new', 'published', 'reported', 'waiting'] as const).map((name) => ({
            title: name,
            cell: ({ counts }: { counts: Readonly<Record<string, number>> }) => countText(counts[name]),
            numeric: true,
          })),
          { title: 'begun', cell: ({ createdAt }) => momentText(createdAt) },
          { title: 'last sign', cell: ({ updatedAt }) => momentText(updatedAt) },
        ]}
        rows={data ?? []}
        keyOf={({ id }) => id}
        none={data ? 'There was none in the last 90 days.' : 'reading …'}
      />
    </>
  )
}
