/** `signals connections activity`: what a connection received and reported of late. */
import type { Command } from 'commander'
import { systemClock } from '../../../runtime/clock.ts'
import { ConnectionUnknown } from '../../../shared/connections/operations.ts'
import { readAccountOf } from '../../../shared/connections/store.ts'
import type { RefusedDeliveries } from '../../../shared/refused/refused-deliveries.ts'
import {
  type ConnectionActivity,
  type ReportedSignal,
  readActivity,
} from '../../../tools/report/connection-activity.ts'
import { audited } from '../../audit.ts'
import { withContext } from '../../context.ts'
import { UsageError } from '../../exit.ts'
import { print, printJson, table } from '../../output.ts'
import { readRefused } from '../status/unconnected.ts'
import type { ConnectionsOutput } from './open-connections.ts'

const timeText = (ms: number | null) => (ms === null ? 'none known' : new Date(ms).toISOString())
const signalText = (signal: ReportedSignal | null) =>
  signal === null
    ? 'none'
    : `${signal.event ?? signal.kind} ${signal.outcome}${signal.code === null ? '' : ` (${signal.code})`} at ${timeText(signal.settledAt)}`
const shareText = ({ starts, startsWithTrackingId }: ConnectionActivity) =>
  starts === 0 ? 'no start' : `${Math.round((100 * startsWithTrackingId) / starts)} % of ${starts}`

const refusedText = (refused: readonly RefusedDeliveries[] | null) =>
  refused === null
    ? 'not known: the gateway does not answer here'
    : refused.map(({ code, count, at }) => `${code} ${count}, last at ${timeText(at)}`).join('; ') || 'none'

const activity = (id: string, { json }: ConnectionsOutput) =>
  withContext(async (context) => {
    const { broker, codec } = context
    await audited(context, 'connections.activity', id)
    const opened = await codec()
    if (!(await readAccountOf(id, broker(), opened)).byId(id)) throw new UsageError(new ConnectionUnknown(id).message)
    const tools = { broker: broker(), codec: opened, redis: context.redis() }
    const found = await readActivity(id, systemClock.now(), tools)
    const all = await readRefused(context)
    const refused = all?.filter(({ connectionId }) => connectionId === id) ?? null
    if (json) return printJson({ connectionId: id, ...found, refused })
    const { events, firstSignalAt, lastSignal, lastTestEvent } = found
    print(
      table([
        ['first event', timeText(events?.since ?? null)],
        ['last event over HTTP', `${timeText(events?.lastByHttp ?? null)}${events?.lastByHttp ? ', to the hour' : ''}`],
        [
          'last event by Kafka',
          `${timeText(events?.lastByKafka ?? null)}${events?.lastByKafka ? ', to the hour' : ''}`,
        ],
        ['webhooks refused, 24 h', refusedText(refused)],
        ['first signal of 30 days', timeText(firstSignalAt)],
        ['last signal', signalText(lastSignal)],
        ['last test event', signalText(lastTestEvent)],
        ['starts with a tracking ID, 7 days', shareText(found)],
      ]),
    )
  })

export const registerActivity = (connections: Command) => {
  connections
    .command('activity <id>')
    .description(
      'when it last received and reported something, with TikTok’s code, and its share of starts with a tracking ID',
    )
    .option('--json', 'one JSON value')
    .action(activity)
}
