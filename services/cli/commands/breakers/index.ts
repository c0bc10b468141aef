/** `signals breakers`: lists the circuit breakers that are not closed. */
import type { Command } from 'commander'
import { breakerRows } from '../../../dispatch/circuit-breaker/metrics.ts'
import { RedisBreakerStore } from '../../../dispatch/circuit-breaker/redis-store.ts'
import { withContext } from '../../context.ts'
import { print, printJson, seconds, table } from '../../output.ts'

export const register = (program: Command) => {
  const breakers = program.command('breakers').description('connections with an open circuit breaker')

  breakers
    .command('list')
    .description('every breaker that is not closed: state, cause, age, time until the next probe')
    .option('--json', 'one JSON value')
    .action(({ json }: { json?: boolean }) =>
      withContext(async (context) => {
        const now = Date.now()
        const rows = breakerRows(await new RedisBreakerStore(context.redis()).all(), now)
        if (json) {
          printJson(
            rows.map(({ since, nextAt, ...row }) => ({
              ...row,
              since: new Date(since).toISOString(),
              nextAt: new Date(nextAt).toISOString(),
            })),
          )
          return
        }
        if (rows.length === 0) return print('all breakers are closed')
        print(
          table([
            ['connection', 'state', 'cause', 'failures', 'for', 'next probe in'],
            ...rows.map(({ connectionId, state, cause, failures, since, nextAt }) => [
              connectionId,
              state.replace('_', ' '),
              cause,
              String(failures),
              seconds((now - since) / 1_000),
              nextAt <= now ? 'now' : seconds((nextAt - now) / 1_000),
            ]),
          ]),
        )
      }),
    )
}
