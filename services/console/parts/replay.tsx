/** Starts a replay with a dry run, and shows what it would send: new against reported, per day. */
import { useState } from 'preact/hooks'
import type { ApiOperations, ApiSchemas } from '../api/operations.ts'
import { useChange, useMay, useRead } from '../api/queries.ts'
import { countText, momentText, shareText } from '../format.ts'
import { Confirm } from './confirm.tsx'
import { State } from './state.tsx'
import { Table } from './table.tsx'

type Job = ApiSchemas['ReplayJob']
type Plan = NonNullable<Job['plan']>
type Body = ApiOperations['POST replay-jobs']['body']

const hourMs = 3_600_000
/** As `<input type="datetime-local">` has it: the browser's own time. */
const localText = (at: number) => new Date(at - new Date(at).getTimezoneOffset() * 60_000).toISOString().slice(0, 16)

export const StartReplay = () => {
  const begin = useChange('POST replay-jobs')
  const [from, setFrom] = useState(() => localText(Date.now() - 24 * hourMs))
  const [to, setTo] = useState('')
  const [connection, setConnection] = useState('')
  const [lists, setLists] = useState<'then' | 'latest'>('latest')
  const [rate, setRate] = useState('500')
  const body = (): Body => ({
    ...{ from: new Date(from).getTime(), lists, ruleSets: lists, rate: Number(rate), dryRun: true },
    ...(to === '' ? {} : { to: new Date(to).getTime() }),
    ...(connection === '' ? {} : { connection }),
  })
  return (
    <form
      onSubmit={(event) => {
        event.preventDefault()
        begin.mutate({ body: body() })
      }}
    >
      <h2>A new replay</h2>
      <div class="filters">
        <label>
          From
          <input type="datetime-local" required value={from} onInput={(event) => setFrom(event.currentTarget.value)} />
        </label>
        <label>
          To; empty: now
          <input type="datetime-local" value={to} onInput={(event) => setTo(event.currentTarget.value)} />
        </label>
        <label>
          Connection; empty: all
          <input type="search" value={connection} onInput={(event) => setConnection(event.currentTarget.value)} />
        </label>
        <label>
          Keyword lists and rule sets
          <select value={lists} onChange={(event) => setLists(event.currentTarget.value as 'then' | 'latest')}>
            <option value="latest">as they are now</option>
            <option value="then">as they were when each message came</option>
          </select>
        </label>
        <label>
          Signals a second, at most
          <input
            type="number"
            min="1"
            max="10000"
            required
            value={rate}
            onInput={(event) => setRate(event.currentTarget.value)}
          />
        </label>
        <button type="submit" disabled={begin.isPending}>
          Dry run
        </button>
      </div>
      {begin.error ? <p role="alert">{begin.error.message}</p> : null}
    </form>
  )
}

/** A bar a day: new above reported. The table below it has the figures. */
const Days = ({ rows }: { rows: Plan['rows'] }) => {
  const days = Array.from(
    Map.groupBy(rows, ({ day }) => day),
    ([day, own]) => ({
      day,
      new: own.reduce((sum, row) => sum + row.new, 0),
      reported: own.reduce((sum, row) => sum + row.reported, 0),
    }),
  ).sort((a, b) => (a.day < b.day ? -1 : 1))
  const most = Math.max(1, ...days.map((one) => one.new + one.reported))
  const width = 28
  return (
    <figure>
      <figcaption>
        Per day: <span class="key new">new</span>, <span class="key reported">reported before</span>
      </figcaption>
      <svg
        class="replay-days"
        viewBox={`0 0 ${Math.max(1, days.length) * width} 64`}
        role="img"
        aria-label={days.map((one) => `${one.day}: ${one.new} new, ${one.reported} reported`).join('; ')}
      >
        {days.map((one, n) => {
          const [tall, low] = [(60 * one.new) / most, (60 * one.reported) / most]
          return (
            <g key={one.day}>
              <title>{`${one.day}: ${one.new} new, ${one.reported} reported`}</title>
              <rect class="reported" x={n * width + 2} y={64 - low} width={width - 4} height={low} />
              <rect class="new" x={n * width + 2} y={64 - low - tall} width={width - 4} height={tall} />
            </g>
          )
        })}
      </svg>
    </figure>
  )
}

const leftOut = ({ paused, expired }: Plan) =>
  [
    ...(paused > 0 ? [`${countText(paused)} are left out: their connection is paused.`] : []),
    ...(expired > 0 ? [`${countText(expired)} are left out: too old for TikTok.`] : []),
  ].join(' ')

const newerText = ({ foundByNewerLists: byLists }: Plan) =>
  byLists === null ? '' : `With the lists as they are now, ${countText(byLists)} more would be found.`

const Picture = ({ plan }: { plan: Plan }) => (
  <>
    <p role="status">
      <strong>
        {countText(plan.new)} new, {countText(plan.reported)} reported before
      </strong>
      , of {countText(plan.messages)} messages in {countText(plan.records)} records. {leftOut(plan)} {newerText(plan)}
    </p>
    {plan.note === null ? null : <p>{`${plan.note.charAt(0).toUpperCase()}${plan.note.slice(1)}.`}</p>}
    {plan.rows.length > 0 ? (
      <>
        <Days rows={plan.rows} />
        <details>
          <summary>By connection, day and flag</summary>
          <Table
            caption="New and reported"
            columns={[
              { title: 'connection', cell: ({ connection }) => connection },
              { title: 'day', cell: ({ day }) => day },
              { title: 'flag', cell: ({ flag }) => flag },
              { title: 'new', cell: (row) => countText(row.new), numeric: true },
              { title: 'reported', cell: (row) => countText(row.reported), numeric: true },
            ]}
            rows={plan.rows}
            keyOf={({ connection, day, flag }) => `${connection} ${day} ${flag}`}
            none=""
          />
        </details>
      </>
    ) : null}
  </>
)

const Send = ({ job: { request, plan } }: { job: Job }) => {
  const begin = useChange('POST replay-jobs')
  const { from, to, connection, lists, rate } = request as {
    from: number
    to: number
    connection: string | null
    lists: { kind: string }
    rate: number
  }
  const pin = lists.kind === 'then' ? 'then' : 'latest'
  const body: Body = {
    ...{ from, to, lists: pin, ruleSets: pin, rate, dryRun: false },
    ...(connection === null ? {} : { connection }),
  }
  return (
    <Confirm
      label={`Send ${plan?.new ?? 0} signals`}
      title={`Send ${plan?.new ?? 0} signals`}
      onConfirm={() => begin.mutateAsync({ body })}
    >
      <p>
        It decides once more and sends what is new then, at most {countText(rate)} signals a second, behind live
        traffic. It can be stopped at any time; what TikTok has cannot be taken back.
      </p>
    </Confirm>
  )
}

const JobState = ({ job }: { job: Job }) => {
  if (job.problem !== null) return <State tone="page">{job.problem}</State>
  if (job.endedAt !== null) return <State tone={job.ending === 'done' ? 'good' : 'warning'}>{job.ending}</State>
  return (
    <>
      {job.share === null ? null : <progress value={job.share} max={1} aria-label={job.phase} />} {job.phase}
      {job.share === null ? ' …' : ` ${shareText(job.share)}`}
    </>
  )
}

const Stop = () => {
  const stop = useChange('POST replay-stops')
  return (
    <>
      <button type="button" disabled={stop.isPending} onClick={() => stop.mutate({})}>
        Stop
      </button>
      {stop.error ? <p role="alert">{stop.error.message}</p> : null}
    </>
  )
}

/** The newest one in full; the others are in the list of runs. */
export const ReplayJobs = () => {
  const { data } = useRead('GET replay-jobs', { every: 1_500 })
  const may = useMay('operator')
  const job = data?.[0]
  if (!job) return null
  return (
    <section aria-label="The last dry run or replay">
      <h2>{job.kind === 'run' ? `Run ${job.run ?? ''}` : 'Dry run'}</h2>
      <p>
        <JobState job={job} /> begun {momentText(job.startedAt)} by {job.actor}
      </p>
      {may && job.endedAt === null ? <Stop /> : null}
      {job.plan ? <Picture plan={job.plan} /> : null}
      {may && job.kind === 'dry run' && job.endedAt !== null && job.plan && job.plan.new > 0 ? (
        <Send job={job} />
      ) : null}
    </section>
  )
}
