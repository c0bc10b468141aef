/** A link that logs one browser in at the console of a running pipeline, once. */
import { once } from 'node:events'
import { type IncomingMessage, request } from 'node:http'
import { text } from 'node:stream/consumers'
import { readSecrets } from './state-file.ts'

/** By `node:http`, as a supervisor asks (processes/answers.ts). @returns null: refused */
const post = async (address: URL, token: string): Promise<string | null> => {
  const headers = { authorization: `Bearer ${token}`, 'content-type': 'application/json' }
  const asked = request(address, { method: 'POST', headers, timeout: 10_000 }).end('{}')
  asked.once('timeout', () => asked.destroy(new Error('no answer')))
  const [response] = (await once(asked, 'response')) as [IncomingMessage]
  const answer = await text(response)
  return response.statusCode === 200 || response.statusCode === 201 ? (JSON.parse(answer) as { url: string }).url : null
}

/** null: the console does not answer, or its token is not kept in the data folder. */
export const makeLoginLink = async (
  consoleUrl: string,
  dataDir: string,
  env: NodeJS.ProcessEnv,
): Promise<string | null> => {
  const token = env.ADMIN_TOKEN || readSecrets(dataDir).ADMIN_TOKEN
  if (!token) return null
  try {
    return await post(new URL('/admin/v1/login-links', consoleUrl), token)
  } catch {
    // The console is restarting: its address without a link leads to the login page.
    return null
  }
}
