/** Reads from the running gateway and ingest which accounts without a connection sent something, and what was refused. */
import { type Addresses, readSecrets } from '../../../local/supervisor/state-file.ts'
import { readStatusPage } from '../../../runtime/adapters/read-status-page.ts'
import { mergeRefused, type RefusedDeliveries, refusedPath } from '../../../shared/refused/refused-deliveries.ts'
import {
  mergeUnconnected,
  type UnconnectedAccount,
  unconnectedPath,
  unconnectedSeers,
} from '../../../shared/unconnected/account.ts'

interface Running {
  readonly env: NodeJS.ProcessEnv
  readonly dataDir: string
  readonly running: Addresses | null
}

const tokenOf = ({ env, dataDir }: Running) =>
  ((env.STATUS_TOKEN || readSecrets(dataDir).STATUS_TOKEN || '').split(',')[0] ?? '').trim()

/** What the gateway refused within a day, newest first; null when it does not answer, or STATUS_TOKEN is not its. */
export const readRefused = async (running: Running): Promise<readonly RefusedDeliveries[] | null> => {
  const url = running.running?.metrics.gateway
  return url === undefined ? null : mergeRefused([await readStatusPage(url, refusedPath, tokenOf(running))])
}

/** Newest first; null when neither answers, or STATUS_TOKEN is not theirs. */
export const readUnconnected = async (of: Running): Promise<readonly UnconnectedAccount[] | null> => {
  const token = tokenOf(of)
  const urls = unconnectedSeers.flatMap((process) => of.running?.metrics[process] ?? [])
  return mergeUnconnected(await Promise.all(urls.map((url) => readStatusPage(url, unconnectedPath, token))))
}
