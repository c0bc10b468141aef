/** Reads from the running gateway and ingest which accounts without a connection sent something. */
import { type Addresses, readSecrets } from '../../../local/supervisor/state-file.ts'
import { readStatusPage } from '../../../runtime/adapters/read-status-page.ts'
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

/** Newest first; null when neither answers, or STATUS_TOKEN is not theirs. */
export const readUnconnected = async ({
  env,
  dataDir,
  running,
}: Running): Promise<readonly UnconnectedAccount[] | null> => {
  const [token = ''] = (env.STATUS_TOKEN || readSecrets(dataDir).STATUS_TOKEN || '').split(',')
  const urls = unconnectedSeers.flatMap((process) => running?.metrics[process] ?? [])
  return mergeUnconnected(await Promise.all(urls.map((url) => readStatusPage(url, unconnectedPath, token.trim()))))
}
