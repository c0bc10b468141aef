import type { Command } from 'commander'
import { breakerRows } from '../../../dispatch/circuit-breaker/metrics.ts'
import { RedisBreakerStore } from '../../../dispatch/circuit-breaker/redis-store.ts'
import { withContext } from '../../context.ts'
import { print, printJson, seconds, table } from '../../output.ts'

export const register = (program: Command) => {
  const breakers = program.command('breakers').description('connections that TikTok does not answer well at the moment')

  breakers
    .command('list')
    .description('every breaker that is not closed: state, cause, since when, when it is asked again')
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
        if (rows.length === 0) return print('all breakers are closed: TikTok answers well for every connection')
        print(
          table([
            ['connection', 'state', 'cause', 'failures', 'for', 'asked again in'],
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
