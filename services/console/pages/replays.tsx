/** Replays: a new one, begun with a dry run; those under way here; and all of the last 90 days. */
import type { ApiSchemas } from '../api/operations.ts'
import { useChange, useMay, useRead } from '../api/queries.ts'
import { countText, momentText } from '../format.ts'
import { Confirm } from '../parts/confirm.tsx'
import { Moment } from '../parts/moment.tsx'
import { ReplayJobs, StartReplay } from '../parts/replay.tsx'
import { State, type Tone } from '../parts/state.tsx'
import { Table } from '../parts/table.tsx'

type Run = ApiSchemas['Replay']

const tones: Readonly<Record<string, Tone>> = { running: 'notice', done: 'good', interrupted: 'warning' }
const rangeText = (from: unknown, to: unknown) =>
  [from, to].map((at) => (typeof at === 'number' ? momentText(at) : '…')).join(' – ')

const Actions = ({ run: { id, state } }: { run: Run }) => {
  const [resume, cancel] = [useChange('POST replays/{id}/resume'), useChange('POST replays/{id}/cancel')]
  return (
    <div class="actions">
      {state === 'stopped' || state === 'interrupted' ? (
        <Confirm label="Resume" title={`Resume ${id}`} onConfirm={() => resume.mutateAsync({ id })}>
          <p>It decides again as it was asked at first, and sends what it has not sent yet.</p>
        </Confirm>
      ) : null}
      {state === 'done' || state === 'cancelled' ? null : (
        <Confirm label="End" title={`End ${id} for good`} onConfirm={() => cancel.mutateAsync({ id })}>
          <p>
            It sends nothing more, but what it sent within the last two seconds. It cannot be resumed; a new replay does
            not send again what was reported.
          </p>
        </Confirm>
      )}
    </div>
  )
}

export const ReplaysPage = () => {
  const { data, error } = useRead('GET replays', { every: 1_500 })
  const may = useMay('operator')
  return (
    <>
      <h1>Replays</h1>
      <p>
        A replay decides history again and sends what is new. What was reported is not sent again. From a file, it is
        started with <code>signals replay --file</code>.
      </p>
      {may ? <StartReplay /> : <p class="none">Your role may look; a replay needs the role operator.</p>}
      <ReplayJobs />
      <h2>Runs of 90 days</h2>
      {error ? <p role="alert">{error.message}</p> : null}
      <Table
        caption="Replays"
        columns={[
          { title: 'run', cell: ({ id }) => <span class="whole">{id}</span> },
          { title: 'state', cell: ({ state }) => <State tone={tones[state] ?? 'off'}>{state}</State> },
          { title: 'of', cell: ({ request }) => rangeText(request.from, request.to) },
          { title: 'from topic', cell: ({ request }) => String(request.entry ?? '–') },
          ...(['new', 'published', 'reported', 'waiting'] as const).map((name) => ({
            title: name,
            cell: ({ counts }: { counts: Readonly<Record<string, number>> }) => countText(counts[name]),
            numeric: true,
          })),
          { title: 'begun', cell: ({ createdAt }) => <Moment at={createdAt} /> },
          { title: 'last sign', cell: ({ updatedAt }) => <Moment at={updatedAt} /> },
          ...(may ? [{ title: 'action', cell: (run: Run) => <Actions run={run} /> }] : []),
        ]}
        rows={data ?? []}
        keyOf={({ id }) => id}
        none={data ? 'There was none in the last 90 days.' : 'reading …'}
      />
    </>
  )
}
