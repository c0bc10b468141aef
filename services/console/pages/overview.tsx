/** What runs, how fast, and every problem once. */
import { Link } from 'wouter-preact'
import type { ApiSchemas } from '../api/operations.ts'
import { useRead } from '../api/queries.ts'
import { agoText, countText, momentText, rateText, shareText, sizeText, spanText, trendText } from '../format.ts'
import { Histories } from '../parts/charts/history.tsx'
import { Moment } from '../parts/moment.tsx'
import { Problems } from '../parts/problems.tsx'
import { State, toneOfStage } from '../parts/state.tsx'
import { Table } from '../parts/table.tsx'

type Overview = ApiSchemas['Overview']
type Stage = ApiSchemas['StageOverview']

const refreshMs = 2_000
/** From here on the figures are called old. */
const oldMs = 8_000

const things = (count: number) => (count === 1 ? 'one thing' : `${count} things`)
const summaryOf = ({ level, problems }: Overview): string => {
  const count = problems.length
  if (level === 'good') return 'All is well'
  if (level === 'notice') return `Everything runs; ${things(count)} to look at`
  return count === 1 ? 'One thing needs attention' : `${count} things need attention`
}

const Summary = ({ overview, readAt }: { overview: Overview; readAt: number }) => {
  const { level, at, kafkaAt, dependencies } = overview
  const isOld = Date.now() - readAt > oldMs
  return (
    <div class={`summary ${isOld ? 'page' : level}`} role="status">
      <strong>{isOld ? 'Control does not answer: these figures are old' : summaryOf(overview)}</strong>
      <span>
        as of <time dateTime={new Date(at).toISOString()}>{momentText(at)}</time>
        {dependencies.kafka || kafkaAt === null ? '' : `; lag and dead letters as of ${agoText(kafkaAt, at)}`}
      </span>
    </div>
  )
}

const facts = (stage: Stage): readonly (readonly [string, string])[] => [
  ['instances', stage.instances === 0 ? 'not known' : String(stage.instances)],
  ['rate', rateText(stage.perSecond)],
  ['age', spanText(stage.seconds ?? stage.oldestUnprocessedSeconds)],
  ['backlog', countText(stage.messages)],
  ['trend', trendText(stage.trendPerSecond, stage.messages)],
  ['caught up in', stage.messages ? spanText(stage.catchUpSeconds) : '–'],
  ['errors', shareText(stage.errorShare)],
]

/** Dead letters and refusals beyond this share need a person, whatever the state of the stage is. */
const manyErrors = 0.05
const toneOfFact = (name: string, { errorShare }: Stage) =>
  name === 'errors' && (errorShare ?? 0) >= manyErrors ? 'warning' : undefined

const Processes = ({ processes }: Pick<Stage, 'processes'>) =>
  processes.length === 0 ? null : (
    <details>
      <summary>processes</summary>
      <ul class="plain">
        {processes.map(({ address, host, version, state, silentSeconds }) => (
          <li key={`${host} ${address}`}>
            {host ?? new URL(address).host}: {state}
            {silentSeconds === null ? '' : `, not heard of for ${spanText(silentSeconds)}`}
            {version === null ? '' : `, ${version}`}
          </li>
        ))}
      </ul>
    </details>
  )

const Pipeline = ({ stages }: { stages: readonly Stage[] }) => (
  <ol class="pipeline">
    {stages.map((stage) => (
      <li key={stage.stage}>
        <h3>{stage.stage}</h3>
        <State tone={toneOfStage(stage)}>
          {stage.state}
          {stage.reason ? ` (${stage.reason})` : ''}
        </State>
        <dl>
          {facts(stage).map(([name, value]) => (
            <div key={name}>
              <dt>{name}</dt>
              <dd class={toneOfFact(name, stage)}>{value}</dd>
            </div>
          ))}
        </dl>
        <Processes processes={stage.processes} />
      </li>
    ))}
  </ol>
)

const Dependencies = ({ overview: { dependencies, redis, disk } }: { overview: Overview }) => (
  <section>
    <h2>Dependencies</h2>
    <ul class="plain">
      {Object.entries(dependencies).map(([name, up]) => (
        <li key={name}>
          <State tone={up ? 'good' : 'page'}>
            {name} {up ? 'answers' : 'does not answer'}
          </State>
        </li>
      ))}
      {redis ? (
        <li>
          Redis: {sizeText(redis.bytes)}
          {redis.limitBytes > 0 ? ` of ${sizeText(redis.limitBytes)}` : ''}, {countText(redis.keys)} keys
        </li>
      ) : null}
      {disk ? (
        <li>
          Disk: {sizeText(disk.freeBytes)} of {sizeText(disk.sizeBytes)} free
        </li>
      ) : null}
    </ul>
  </section>
)

const Counts = ({ title, counts, none }: { title: string; counts: Readonly<Record<string, number>>; none: string }) => (
  <section>
    <h2>{title}</h2>
    <Table
      caption={title}
      columns={[
        { title: 'reason', cell: ([name]) => name },
        { title: 'count', cell: ([, count]) => countText(count), numeric: true },
      ]}
      rows={Object.entries(counts).sort(([, a], [, b]) => b - a)}
      keyOf={([name]) => name}
      none={none}
    />
  </section>
)

const Waiting = ({ groups }: { groups: Overview['groups'] }) => (
  <section>
    <h2>Waiting on purpose</h2>
    <Table
      caption="Waiting on purpose"
      columns={[
        { title: 'topic', cell: ({ topic }) => topic },
        { title: 'records', cell: ({ messages }) => countText(messages), numeric: true },
        {
          title: 'overdue',
          cell: ({ lane, seconds }) => (lane === 'parked' ? 'waits for a person' : spanText(seconds)),
          numeric: true,
        },
      ]}
      rows={groups.filter(({ lane, messages }) => lane !== 'main' && messages > 0)}
      keyOf={({ topic }) => topic}
      none="Nothing waits."
    />
  </section>
)

const connectionLink = (id: string) => <Link href={`/connections/${encodeURIComponent(id)}`}>{id}</Link>

export const DeliveryTable = ({ deliveries }: { deliveries: readonly ApiSchemas['Delivery'][] }) => (
  <Table
    caption="Last deliveries"
    columns={[
      { title: 'time', cell: ({ settledAt }) => <Moment at={settledAt} /> },
      { title: 'connection', cell: ({ connectionId }) => connectionLink(connectionId) },
      { title: 'signal', cell: ({ event, kind }) => event ?? kind },
      { title: 'outcome', cell: ({ outcome, test }) => (test ? `${outcome} as a test` : outcome) },
      { title: "TikTok's code", cell: ({ code }) => code ?? '–', numeric: true },
    ]}
    rows={deliveries}
    keyOf={(_, index) => String(index)}
    none="None since control started."
  />
)

const Unconnected = ({ accounts }: { accounts: Overview['unconnected'] }) =>
  accounts.length === 0 ? null : (
    <section>
      <h2>Accounts without a connection</h2>
      <p>Nothing of what they send is kept.</p>
      <Table
        caption="Accounts without a connection"
        columns={[
          { title: 'source', cell: ({ source }) => source },
          { title: 'account', cell: ({ accountId }) => accountId },
          { title: 'by', cell: ({ seenBy }) => (seenBy === 'ingest' ? 'Kafka' : 'HTTP') },
          { title: 'last', cell: ({ at }) => <Moment at={at} /> },
        ]}
        rows={accounts}
        keyOf={({ source, accountId }) => `${source} ${accountId}`}
        none=""
      />
    </section>
  )

const Refused = ({ refused }: { refused: Overview['refused'] }) =>
  refused.length === 0 ? null : (
    <section>
      <h2>Webhooks refused, 24 h</h2>
      <Table
        caption="Webhooks refused, 24 h"
        columns={[
          { title: 'source', cell: ({ source }) => source },
          {
            title: 'connection or account',
            cell: ({ connectionId, accountId }) =>
              connectionId === null ? (accountId ?? 'none named') : connectionLink(connectionId),
          },
          { title: 'reason', cell: ({ code }) => code },
          { title: 'count', cell: ({ count }) => countText(count), numeric: true },
          { title: 'last', cell: ({ at }) => <Moment at={at} /> },
        ]}
        rows={refused}
        keyOf={({ source, connectionId, accountId, code }) => `${source} ${connectionId} ${accountId} ${code}`}
        none=""
      />
    </section>
  )

const Details = ({ overview }: { overview: Overview }) => {
  const { activity, breakers, connections, openDeadLetters, history, at } = overview
  return (
    <>
      {history.at.length < 2 ? <p class="none">Control has just begun to measure: charts follow within 20 s.</p> : null}
      <Histories recent={history} now={at} />
      <div class="columns">
        <section>
          <h2>Connections</h2>
          <p>
            <Link href="/connections">{countText(connections.total)} connections</Link>
            {connections.total > 0 ? ': ' : ''}
            {Object.entries(connections.byStatus)
              .map(([status, count]) => `${count} ${status}`)
              .join(', ')}
          </p>
          <p>
            <Link href="/dead-letters">open dead letters: {countText(openDeadLetters)}</Link>
          </p>
          <Table
            caption="Open circuit breakers"
            columns={[
              { title: 'breaker of', cell: ({ connectionId }) => connectionLink(connectionId) },
              { title: 'cause', cell: ({ cause }) => cause },
              { title: 'open for', cell: ({ seconds }) => spanText(seconds), numeric: true },
            ]}
            rows={breakers.oldest}
            keyOf={({ connectionId }) => connectionId}
            none="No circuit breaker is open."
          />
        </section>
        <Dependencies overview={overview} />
        <Counts
          title={`Webhooks refused, ${activity.minutes} min`}
          counts={activity.refused}
          none="The gateway refused none."
        />
        <Counts
          title={`Messages dropped, ${activity.minutes} min`}
          counts={activity.dropped}
          none="None was dropped."
        />
        <Waiting groups={overview.groups} />
      </div>
      <Refused refused={overview.refused} />
      <Unconnected accounts={overview.unconnected} />
      <h2>Last deliveries</h2>
      <DeliveryTable deliveries={overview.deliveries} />
      <p class="none">Rates are over a minute, as of {momentText(at)}.</p>
    </>
  )
}

export const OverviewPage = () => {
  const { data, error, dataUpdatedAt } = useRead('GET overview', { every: refreshMs })
  return (
    <>
      <h1>Overview</h1>
      {data ? <Summary overview={data} readAt={dataUpdatedAt} /> : null}
      {error && !data ? <p role="alert">{error.message}</p> : null}
      {data ? (
        <>
          {data.problems.length > 0 ? <h2>Problems</h2> : null}
          <Problems problems={data.problems} now={data.at} />
          <h2>Pipeline</h2>
          <Pipeline stages={data.stages} />
          <Details overview={data} />
        </>
      ) : null}
    </>
  )
}
