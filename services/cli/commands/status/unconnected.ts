/** Reads from the running gateway which accounts without a connection sent something. */
import { type Addresses, readSecrets } from '../../../local/supervisor/state-file.ts'
import { readStatusPage } from '../../../runtime/adapters/read-status-page.ts'
import { type UnconnectedAccount, unconnectedPath } from '../../../shared/model/unconnected-account.ts'

interface Gateway {
  readonly env: NodeJS.ProcessEnv
  readonly dataDir: string
  readonly running: Addresses | null
}

/** Newest first; null when no gateway answers, or STATUS_TOKEN is not the gateway's. */
export const readUnconnected = async ({
  env,
  dataDir,
  running,
}: Gateway): Promise<readonly UnconnectedAccount[] | null> => {
  const url = running?.metrics.gateway
  const [token = ''] = (env.STATUS_TOKEN || readSecrets(dataDir).STATUS_TOKEN || '').split(',')
  if (!url) return null
  const page = (await readStatusPage(url, unconnectedPath, token.trim())) as {
    accounts: readonly UnconnectedAccount[]
  } | null
  return page?.accounts ?? null
}
