/** What there is of Kafka's topics, tokens and master keys. Nothing of it is of one tenant, so it needs a token of all. */
import type { TokenRecord } from '../../shared/model/token-record.ts'
import { ControlProblem, json } from '../http/answer.ts'
import type { TopicReader } from '../topics/topic-reader.ts'
import { requireAllTenants } from './console-endpoints.ts'
import type { AdminCall, Endpoint } from './handlers.ts'

export interface InstallationWork {
  readonly topics: Pick<TopicReader, 'all' | 'one'>
  /** By time of creation. @throws DependencyError */
  tokens(): Promise<readonly TokenRecord[]>
  /** null: an old installation whose ids derive from its first master key. @throws DependencyError */
  masterKey(): Promise<{ readonly keyId: string; readonly since: number } | null>
}

const topics = async ({ principal, tools }: AdminCall) => {
  requireAllTenants(principal, 'topics')
  return json(await tools.installation.topics.all())
}

const topic = async ({ id, principal, tools }: AdminCall) => {
  requireAllTenants(principal, 'topics')
  const found = await tools.installation.topics.one(id)
  if (found === null) throw new ControlProblem(404, 'topic_unknown', `there is no topic ${id} of this pipeline`)
  return json(found)
}

const access = async ({ principal, tools }: AdminCall) => {
  requireAllTenants(principal, 'tokens and keys')
  const [tokens, masterKey] = await Promise.all([tools.installation.tokens(), tools.installation.masterKey()])
  return json({ tokens: tokens.map(({ hash: _, ...shown }) => shown), masterKey, now: tools.console.now() })
}

export const installationEndpoints: Readonly<Record<string, Readonly<Record<string, Endpoint>>>> = {
  topics: { GET: { role: 'viewer', action: 'topics.list', run: topics } },
  'topics/ID': { GET: { role: 'operator', action: 'topics.show', run: topic } },
  access: { GET: { role: 'admin', action: 'access.show', run: access } },
}
