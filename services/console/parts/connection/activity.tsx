/** When a connection last received and reported something: `signals connections activity`. */
import type { ApiSchemas } from '../../api/operations.ts'
import { useRead } from '../../api/queries.ts'
import { agoText, momentText, shareText } from '../../format.ts'

type Reported = ApiSchemas['ReportedSignal']

const timeText = (at: number | null, now: number) =>
  at === null ? 'none known' : `${agoText(at, now)}, ${momentText(at)}`
/** The pipeline keeps these times to the hour. */
const hourText = (at: number | null, now: number) =>
  at === null ? 'none of late' : now - at < 7_200_000 ? 'within two hours' : `${agoText(at, now)}, to the hour`
const signalText = (signal: Reported | null, now: number) =>
  signal === null
    ? 'none'
    : `${signal.event ?? signal.kind}: ${signal.outcome}${signal.code === null ? '' : ` (TikTok's code ${signal.code})`}, ${agoText(signal.settledAt, now)}`

export const Activity = ({ id }: { id: string }) => {
  const { data, error, dataUpdatedAt: now } = useRead('GET connections/{id}/activity', { id, every: 30_000 })
  if (!data) return <p class="none">{error ? error.message : 'reading …'}</p>
  const { events, firstSignalAt, lastSignal, lastTestEvent, starts, startsWithTrackingId, refused } = data
  const facts: readonly (readonly [string, string])[] = [
    ['first event', timeText(events?.since ?? null, now)],
    ['last webhook or event by HTTP', hourText(events?.lastByHttp ?? null, now)],
    ['last event by Kafka', hourText(events?.lastByKafka ?? null, now)],
    [
      'webhooks refused, 24 h',
      refused.map(({ code, count, at }) => `${code} ${count}, ${agoText(at, now)}`).join('; ') || 'none',
    ],
    ['first signal of 30 days', timeText(firstSignalAt, now)],
    ['last signal', signalText(lastSignal, now)],
    ['last test event', signalText(lastTestEvent, now)],
    [
      'starts with a tracking ID, 7 days',
      starts === 0 ? 'no start' : `${shareText(startsWithTrackingId / starts)} of ${starts}`,
    ],
  ]
  return (
    <dl class="facts">
      {facts.map(([name, value]) => (
        <div key={name}>
          <dt>{name}</dt>
          <dd>{value}</dd>
        </div>
      ))}
    </dl>
  )
}
