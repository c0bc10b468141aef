/** POST /v1/attribution/look-up: what a conversation is credited with, from attribution's state in Redis. */
import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Keyring } from '../../runtime/keys/keyring.ts'
import { DependencyError } from '../../runtime/ports.ts'
import { consentMarkOf } from '../../shared/connections/consent.ts'
import type { Connection } from '../../shared/connections/directory.ts'
import { Conversations } from '../../shared/conversations/conversations.ts'
import { type ConversationCredit, creditOfConversation } from '../../shared/conversations/credit-of-conversation.ts'
import { readWithAliases } from '../../shared/conversations/read-with-aliases.ts'
import type { ConversationReader } from '../../shared/conversations/store.ts'
import { covers, type TokenAccess } from '../../shared/tokens/access.ts'
import type { GatewayTools } from '../deliveries.ts'
import { answerJson, HttpProblem, mediaType, senderOf } from '../http/answers.ts'
import { readBody } from '../limits/body.ts'
import { requireLookUpRate } from '../limits/gateway-rates.ts'
import { requireAccess } from '../message-events.ts'
import { type LookUpAnswer, type LookUpRequest, maxLookUpBytes, parseLookUp, unknownConversation } from './request.ts'

const dayMs = 86_400_000
/** Far more than are under way at any rate that Redis answers in time. While it hangs, no more requests than these hold sockets. */
const maxUnderWay = 128

const unavailable = () =>
  new HttpProblem(503, 'look_up_unavailable', "attribution's state cannot be read at the moment: ask later")

export class LookUps {
  readonly #reader: ConversationReader
  readonly #keyring: Pick<Keyring, 'pseudonym'>
  #underWay = 0

  constructor(reader: ConversationReader, keyring: Pick<Keyring, 'pseudonym'>) {
    this.#reader = reader
    this.#keyring = keyring
  }

  /** @returns null: no conversation. @throws HttpProblem 503 while Redis is away, or attribution rebuilds what Redis has lost */
  async creditOf(connection: Connection, conversationId: string): Promise<ConversationCredit | null> {
    if (this.#underWay >= maxUnderWay) throw unavailable()
    const { source, accountId } = connection
    const conversation = this.#keyring.pseudonym('conversation', source, accountId, conversationId)
    this.#underWay++
    try {
      const states = new Conversations(await readWithAliases(this.#reader, [conversation]))
      const state = states.of({ conversation, aliases: [] }, consentMarkOf(connection))
      return creditOfConversation(state, connection.attributionWindowDays * dayMs)
    } catch (error) {
      if (error instanceof DependencyError) throw unavailable()
      throw error
    } finally {
      this.#underWay--
    }
  }
}

/** The connection, if the token may ask about it. Both ways to none take equally long. */
const connectionFor = (
  { source, accountId }: LookUpRequest,
  access: TokenAccess,
  { connections }: Pick<GatewayTools, 'connections'>,
): Connection | null => {
  const connection = connections.connected(source, accountId)
  return connection && covers(access, connection) ? connection : null
}

/** @throws HttpProblem */
export const postLookUp = async (
  request: IncomingMessage,
  response: ServerResponse,
  tools: GatewayTools,
): Promise<void> => {
  const { authorization } = request.headers
  const access = requireAccess(tools.bearers, authorization, 'look-up', senderOf(request), tools.now())
  if (!tools.lookUps)
    throw new HttpProblem(501, 'look_up_off', 'this gateway answers no look-ups: its operator sets GATEWAY_LOOK_UP')
  requireLookUpRate(tools.rates, access.id, tools.now())
  if (mediaType(request.headers['content-type']) !== 'application/json')
    throw new HttpProblem(415, 'content_type', 'send application/json')
  const owner = { source: 'look-up', account: access.id }
  const asked = parseLookUp(await readBody(request, maxLookUpBytes, owner, tools.bodies))
  const connection = connectionFor(asked, access, tools)
  const conversation = connection && (await tools.lookUps.creditOf(connection, asked.conversationId))
  if (conversation === null) throw unknownConversation()
  answerJson(response, 200, { conversation } satisfies LookUpAnswer, { 'cache-control': 'no-store' })
}
