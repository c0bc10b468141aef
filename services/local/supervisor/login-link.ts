/** A link that logs one browser in at the console of a running pipeline, once. */
import { readSecrets } from './state-file.ts'

/** null: the console does not answer, or its token is not kept in the data folder. */
export const makeLoginLink = async (
  consoleUrl: string,
  dataDir: string,
  env: NodeJS.ProcessEnv,
): Promise<string | null> => {
  const token = env.ADMIN_TOKEN || readSecrets(dataDir).ADMIN_TOKEN
  if (!token) return null
  try {
    const response = await fetch(new URL('/admin/v1/login-links', consoleUrl), {
      method: 'POST',
      headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
      body: '{}',
    })
    return response.ok ? ((await response.json()) as { url: string }).url : null
  } catch {
    // The console is restarting: its address without a link leads to the login page.
    return null
  }
}
