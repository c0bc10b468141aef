/** Dead letters by cause, and each one without its text. */
import type { ApiSchemas } from '../api/operations.ts'
import { useRead } from '../api/queries.ts'
import { countText, momentText } from '../format.ts'
import { Moment } from '../parts/moment.tsx'
import { Redrive, RedriveJobs } from '../parts/redrive.tsx'
import { State, type Tone } from '../parts/state.tsx'
import { Pager, Table } from '../parts/table.tsx'
import { useViewState } from '../parts/view-state.ts'
import { Choice } from './connections.tsx'

type Cause = ApiSchemas['DeadLetterCause']
type DeadLetter = ApiSchemas['DeadLetter']

const size = 25
const stateNames = {
  open: 'open',
  put_back: 'put back',
  resolved: 'resolved',
  failed_again: 'failed again',
  discarded: 'discarded',
} as const
const stateTones: Readonly<Record<keyof typeof stateNames, Tone>> = {
  open: 'notice',
  put_back: 'notice',
  resolved: 'good',
  failed_again: 'warning',
  discarded: 'off',
}
const helpsNames: Readonly<Record<string, string>> = {
  now: 'helps at once',
  after_fix: 'helps after the cause is fixed',
  never: 'does not help',
}

/** Bars of the last 14 days; the table beside it has the figures. */
const Days = ({ perDay }: { perDay: readonly number[] }) => {
  const most = Math.max(1, ...perDay)
  const text = `${perDay.reduce((a, b) => a + b, 0)} in the last 14 days, ${perDay.at(-1)} today`
  return (
    <svg class="days" viewBox="0 0 112 24" role="img" aria-label={text}>
      <title>{text}</title>
      {perDay.map((count, day) => (
        <rect
          key={day}
          x={day * 8}
          y={24 - Math.max(count > 0 ? 2 : 0, (22 * count) / most)}
          width="6"
          height={Math.max(count > 0 ? 2 : 0, (22 * count) / most)}
        />
      ))}
    </svg>
  )
}

const Causes = ({ onChoice }: { onChoice: (cause: Cause) => void }) => {
  const { data, error } = useRead('GET dead-letter-causes', { every: 1_500 })
  if (error) return <p role="alert">{error.message}</p>
  return (
    <Table
      caption="Causes of dead letters"
      columns={[
        {
          title: 'cause',
          cell: (cause) => (
            <button type="button" class="link nowrap" onClick={() => onChoice(cause)}>
              {cause.stage} {cause.code}
            </button>
          ),
        },
        { title: 'open', cell: ({ open }) => countText(open), numeric: true },
        { title: 'put back', cell: ({ putBack }) => countText(putBack), numeric: true },
        { title: 'resolved', cell: ({ resolved }) => countText(resolved), numeric: true },
        { title: 'failed again', cell: ({ failedAgain }) => countText(failedAgain), numeric: true },
        { title: 'discarded', cell: ({ discarded }) => countText(discarded), numeric: true },
        { title: '14 days', cell: ({ perDay }) => <Days perDay={perDay} /> },
        { title: 'last', cell: ({ last }) => <Moment at={last} /> },
        { title: 'what to do first', cell: ({ help }) => help },
        { title: 'a redrive', cell: ({ redrive }) => helpsNames[redrive] ?? redrive },
      ]}
      rows={data ?? []}
      keyOf={({ stage, code }) => `${stage} ${code}`}
      none={data ? 'There are no dead letters.' : 'reading …'}
    />
  )
}

const Detail = ({ letter }: { letter: DeadLetter }) => (
  <details>
    <summary class="whole">{letter.id}</summary>
    <dl class="facts">
      {(
        [
          ['original record', letter.originId],
          ['written to Kafka', momentText(letter.origin.timestamp)],
          ['attempt', String(letter.attempt)],
          ['redrives before', String(letter.redrives)],
          ['redriven from', letter.redriveOf ?? '–'],
          ['trace', letter.traceparent ?? '–'],
          ['sealed', `${letter.sealedBytes} bytes, key ${letter.keyId}`],
          ['items', letter.items.length === 0 ? 'the whole record' : JSON.stringify(letter.items)],
          ['what to do first', letter.help],
        ] as const
      ).map(([name, value]) => (
        <div key={name}>
          <dt>{name}</dt>
          <dd>{value}</dd>
        </div>
      ))}
    </dl>
  </details>
)

export const DeadLettersPage = () => {
  const [params, change] = useViewState()
  const [stage, code, state] = ['stage', 'code', 'state'].map((name) => params.get(name) ?? '') as [
    string,
    string,
    string,
  ]
  const page = Number(params.get('page') ?? 0)
  const query = { stage: (stage || undefined) as 'ingest', code, state: (state || undefined) as 'open', page, size }
  const { data, error } = useRead('GET dead-letters', { query, every: 1_500 })
  return (
    <>
      <h1>Dead letters</h1>
      <p>Records that a stage could not process. Each keeps the whole record, sealed, for 28 days.</p>
      <h2>By cause</h2>
      <Causes onChoice={(cause) => change({ stage: cause.stage, code: cause.code })} />
      <RedriveJobs />
      <h2>{stage && code ? `Each of ${stage} ${code}` : 'Each'}</h2>
      {stage && code ? (
        <>
          <p>
            <button type="button" onClick={() => change({ stage: '', code: '' })}>
              Show all causes
            </button>
          </p>
          <Redrive key={`${stage} ${code}`} stage={stage} code={code} />
        </>
      ) : null}
      <div class="filters">
        <Choice
          label="State"
          value={state}
          choices={{ '': 'all', ...stateNames }}
          onChoice={(next) => change({ state: next })}
        />
      </div>
      {error ? <p role="alert">{error.message}</p> : null}
      <Table
        caption="Dead letters"
        columns={[
          { title: 'dead letter', cell: (letter) => <Detail letter={letter} /> },
          {
            title: 'state',
            cell: (letter) => <State tone={stateTones[letter.state]}>{stateNames[letter.state]}</State>,
          },
          { title: 'code', cell: (letter) => <span class="nowrap">{letter.code}</span> },
          { title: 'reason', cell: (letter) => letter.reason },
          { title: 'failed', cell: ({ failedAt }) => <Moment at={failedAt} /> },
        ]}
        rows={data?.items ?? []}
        keyOf={({ id }) => id}
        none={data ? 'None is like this.' : 'reading …'}
      />
      <Pager page={page} size={size} total={data?.total ?? 0} onPage={(next) => change({ page: String(next) })} />
    </>
  )
}
