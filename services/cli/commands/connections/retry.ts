/** `signals connections retry`: has waiting signals tried again now, for example once TikTok has recovered. */
import type { Command } from 'commander'
import { changeConnection } from '../../../shared/connections/operations.ts'
import { TransitionRefused } from '../../../shared/connections/status.ts'
import { waitingSignals } from '../../../tools/waiting/waiting-signals.ts'
import { audited } from '../../audit.ts'
import { withContext } from '../../context.ts'
import { UsageError } from '../../exit.ts'
import { print, printJson } from '../../output.ts'
import { waitUntilActive } from '../../wait-until-active.ts'
import { author, type ConnectionsOutput, printOrJson, withOpenConnections } from './open-connections.ts'

const action = 'connections.retry'

const signalsWait = (count: number) => (count === 1 ? '1 signal waits' : `${count} signals wait`)

const retryOne = (id: string, options: ConnectionsOutput) =>
  withContext((context) =>
    withOpenConnections(context, async (connections) => {
      const waiting = (await waitingSignals(context.broker())).get(id) ?? 0
      await audited(context, action, id)
      const { record } = await changeConnection(id, 'retry', connections, author())
      await printOrJson(context, record, `is tried again: ${signalsWait(waiting)}`, options, { waiting })
    }),
  )

/** Each connection with waiting signals that may send; the others' signals wait for a person or a token. */
const retryAll = ({ json }: ConnectionsOutput) =>
  withContext((context) =>
    withOpenConnections(context, async (connections) => {
      const waiting = [...(await waitingSignals(context.broker()))].sort(([, a], [, b]) => b - a)
      await audited(context, action, null)
      const tried: { connectionId: string; waiting: number }[] = []
      const left: { connectionId: string; waiting: number; why: string }[] = []
      for (const [connectionId, count] of waiting) {
        if (!connections.directory.byId(connectionId)) continue
        try {
          await changeConnection(connectionId, 'retry', connections, author())
          tried.push({ connectionId, waiting: count })
        } catch (error) {
          if (!(error instanceof TransitionRefused)) throw error
          left.push({ connectionId, waiting: count, why: error.message })
        }
      }
      const behind = tried.length > 0 ? await waitUntilActive(context, 'connections') : []
      if (json) return printJson({ tried, left, notYetInForce: behind })
      if (waiting.length === 0) return print('no signal waits')
      for (const { connectionId, waiting: count } of tried)
        print(`${connectionId} is tried again: ${signalsWait(count)}`)
      for (const { why, waiting: count } of left) print(`${why} (${signalsWait(count)})`)
      if (behind.length > 0) print(`not yet active in: ${behind.join(', ')}`)
    }),
  )

export const registerRetry = (connections: Command) => {
  connections
    .command('retry [id]')
    .description(
      'try what waits to be sent again now, without waiting out its delay; others of its partition are tried with it',
    )
    .option('--all', 'every connection with waiting signals')
    .option('--json', 'one JSON value')
    .action((id: string | undefined, { all, ...options }: ConnectionsOutput & { all?: boolean }) => {
      if ((id !== undefined) === Boolean(all))
        throw new UsageError('name a connection, or --all for every connection with waiting signals')
      return id === undefined ? retryAll(options) : retryOne(id, options)
    })
}
