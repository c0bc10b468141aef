/** One connection: its state, what may be done with it, its last deliveries, and who changed it. */

import { useState } from 'preact/hooks'
import { Link } from 'wouter-preact'
import type { ApiSchemas } from '../api/operations.ts'
import { useChange, useMay, useRead } from '../api/queries.ts'
import { momentText } from '../format.ts'
import { Confirm } from '../parts/confirm.tsx'
import { Activity } from '../parts/connection/activity.tsx'
import { Funnel } from '../parts/connection/funnel.tsx'
import { TestEvents } from '../parts/connection/test-events.tsx'
import { Moment } from '../parts/moment.tsx'
import { ConnectionState } from '../parts/state.tsx'
import { Table } from '../parts/table.tsx'
import { DeliveryTable } from './overview.tsx'

type Connection = ApiSchemas['Connection']

const valueText = (name: string, value: unknown): string => {
  if (typeof value === 'number' && /(?:At|Until)$/.test(name)) return value === 0 ? '–' : momentText(value)
  if (value === null || value === undefined) return '–'
  if (typeof value === 'boolean') return value ? 'yes' : 'no'
  if (Array.isArray(value) && value.every((one) => typeof one !== 'object')) return value.join(', ') || '–'
  return typeof value === 'object' ? JSON.stringify(value) : String(value)
}

const shownAbove = new Set(['connectionId', 'status', 'authorisedAt', 'changedAt'])
const titleOf = (name: string) => name.replace(/([a-z])([A-Z])/g, '$1 $2').toLowerCase()

const Facts = ({ connection }: { connection: Connection }) => (
  <dl class="facts">
    <div>
      <dt>connected</dt>
      <dd>{momentText(connection.authorisedAt)}</dd>
    </div>
    <div>
      <dt>changed</dt>
      <dd>{momentText(connection.changedAt)}</dd>
    </div>
    {Object.entries(connection)
      .filter(([name]) => !shownAbove.has(name))
      .map(([name, value]) => (
        <div key={name}>
          <dt>{titleOf(name)}</dt>
          <dd>{valueText(name, value)}</dd>
        </div>
      ))}
  </dl>
)

const Reconnect = ({ id }: { id: string }) => {
  const begin = useChange('POST authorisations')
  const { data } = begin
  return (
    <>
      <Confirm
        label="Reconnect"
        title={`Reconnect ${id} through TikTok`}
        onConfirm={() => begin.mutateAsync({ body: { kind: 'advertiser', connectionId: id } })}
      >
        <p>This makes an address at which the advertiser agrees. It holds for a while, and for one person.</p>
      </Confirm>
      {data && 'url' in data ? (
        <p role="status" class="wide">
          Give this address to the advertiser: <code>{data.url}</code>
        </p>
      ) : null}
    </>
  )
}

/** Why nothing of it reaches TikTok, and what ends that. */
const RefusedToken = ({ connection }: { connection: Connection }) => {
  if (connection.status !== 'reconnect') return null
  const { statusCode } = connection as { readonly statusCode?: number | null }
  return (
    <p>
      TikTok refuses its token{statusCode ? ` (code ${statusCode})` : ''}, so its signals wait. Reconnect gives an
      address at which the advertiser agrees anew; then they are sent.
    </p>
  )
}

const Actions = ({ connection: { connectionId: id, status } }: { connection: Connection }) => {
  const [mayOperate, mayAll] = [useMay('operator'), useMay('admin')]
  const [retry, pause, resume, disconnect] = [
    useChange('POST connections/{id}/retry'),
    useChange('POST connections/{id}/pause'),
    useChange('POST connections/{id}/resume'),
    useChange('POST connections/{id}/disconnect'),
  ]
  if (!mayOperate) return <p class="none">Your role may look; pausing needs the role operator.</p>
  return (
    <div class="actions">
      {status === 'active' ? (
        <Confirm
          label="Send what waits now"
          title={`Send what waits of ${id} now`}
          onConfirm={() => retry.mutateAsync({ id })}
        >
          <p>
            Refused signals wait from 10 s to 2 h before they are tried again. Do this once TikTok or the advertiser has
            recovered: what waits is tried at once, and parked signals go back. No signal is sent twice.
          </p>
        </Confirm>
      ) : null}
      {status === 'active' ? (
        <Confirm label="Pause" title={`Pause ${id}`} onConfirm={() => pause.mutateAsync({ id })}>
          <p>Messages are taken on. Signals wait until it is resumed, for up to 28 days.</p>
        </Confirm>
      ) : null}
      {status === 'paused' ? (
        <Confirm label="Resume" title={`Resume ${id}`} onConfirm={() => resume.mutateAsync({ id })}>
          <p>What waits is sent, oldest first.</p>
        </Confirm>
      ) : null}
      {mayAll && status !== 'disconnected' ? (
        <>
          <Reconnect id={id} />
          <Confirm
            danger
            label="Disconnect"
            title={`Disconnect ${id}`}
            typed={id}
            onConfirm={() => disconnect.mutateAsync({ id })}
          >
            <p>
              This ends the consent. The token, the secret of its webhooks and the keys of its content are erased:
              texts, raw deliveries and dead letters of this account become unreadable. Signals that wait are not sent.
              Nothing brings them back. A new connection of the account begins without them.
            </p>
          </Confirm>
        </>
      ) : null}
    </div>
  )
}

const History = ({ id }: { id: string }) => {
  const { data } = useRead('GET connections/{id}/history', { id })
  return (
    <Table
      caption="Changes"
      columns={[
        { title: 'time', cell: ({ at }) => <Moment at={at} /> },
        { title: 'change', cell: ({ action }) => action },
        { title: 'state', cell: ({ from, to }) => (from === null || from === to ? to : `${from} → ${to}`) },
        { title: 'by', cell: ({ actor, via }) => `${actor} (${via})` },
        { title: 'detail', cell: ({ code, detail }) => [code, detail].filter((one) => one !== null).join(' ') || '–' },
      ]}
      rows={data?.toReversed() ?? []}
      keyOf={({ changeId }) => changeId}
      none="No change is known."
    />
  )
}

export const ConnectionPage = ({ id }: { id: string }) => {
  const { data, error } = useRead('GET connections/{id}', { id, every: 1_500 })
  const deliveries = useRead('GET connections/{id}/deliveries', { id, every: 1_500 })
  const [showsAll, setShowsAll] = useState(false)
  const last = deliveries.data ?? []
  return (
    <>
      <p>
        <Link href="/connections">Connections</Link>
      </p>
      <h1>{id}</h1>
      {error ? <p role="alert">{error.message}</p> : null}
      {data ? (
        <>
          <p>
            <ConnectionState status={data.status} />
          </p>
          <RefusedToken connection={data} />
          <Actions connection={data} />
          <h2>Activity</h2>
          <Activity id={id} />
          <TestEvents connection={data} />
          <Funnel id={id} />
          <h2>Settings</h2>
          <Facts connection={data} />
          <h2>Last deliveries</h2>
          <DeliveryTable deliveries={showsAll ? last : last.slice(0, 10)} />
          {last.length > 10 && !showsAll ? (
            <button type="button" onClick={() => setShowsAll(true)}>
              Show {last.length}
            </button>
          ) : null}
          <h2>Changes</h2>
          <History id={id} />
        </>
      ) : null}
    </>
  )
}
