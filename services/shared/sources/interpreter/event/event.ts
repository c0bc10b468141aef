/** Compiles an event rule, which builds a message event from one item. */
import { channels, directions, kinds, type MessageEvent, senders } from '../../../model/message-event.ts'
import type { EventRule } from '../language/event-rule.ts'
import type { ConditionElement, Value } from '../language/expressions.ts'
import { within, withinEach } from '../language/problem.ts'
import { type Frame, isAbsent, type Read, type Scope } from '../scope.ts'
import { asText } from '../values/as-text.ts'
import { compileConstant, NotInContract } from '../values/constants.ts'
import { compileId, idIn } from '../values/ids.ts'
import { compileTime } from '../values/time.ts'
import { compileCondition, compileValue, digestOf } from '../values/values.ts'
import { compileAliases } from './aliases.ts'
import { compileAttachments } from './attachments.ts'
import { compileLinks } from './links.ts'
import { compileOutcome } from './outcome.ts'
import { compileReferral } from './referral.ts'
import { compileWords, noWords } from './words.ts'

export type Built =
  | { readonly kind: 'event'; readonly event: MessageEvent }
  | { readonly kind: 'empty' }
  /** The item cannot be mapped. The reason names the field, never a value. */
  | { readonly kind: 'failed'; readonly reason: string }

export type BuildEvent = (frame: Frame, receivedAt: number) => Built

const wordless: ReadonlySet<string> = new Set(['deletion', 'referral', 'outcome'])
const maxIdLength = 512
const maxAccountLength = 256

const empty: Built = { kind: 'empty' }
const failed = (reason: string): Built => ({ kind: 'failed', reason })

/** Paths and names as the mapping has them. A value that is computed in another way has no name. */
const requiredName = (value: Value): string => {
  if (typeof value === 'string') return value
  return 'first' in value ? value.first.map(requiredName).join(' or ') : 'a value of requires'
}

/** @throws MappingProblem */
export const compileEvent = (source: string, rule: EventRule, scope: Scope): BuildEvent => {
  const id = (key: 'messageId' | 'channelMessageId', value: Value): Read => within(key, () => compileId(value, scope))
  const required = withinEach('requires', rule.requires, (value) => ({
    read: compileValue(value, scope),
    lacks: `${requiredName(value)} is missing`,
  }))
  const account = within('accountId', () => compileValue(rule.accountId, scope))
  const conversation = within('conversationId', () => compileValue(rule.conversationId, scope))
  const message = id('messageId', rule.messageId)
  const derived = withinEach('derivedFrom', rule.derivedFrom, (value) => compileValue(value, scope))
  const constant = <T extends string>(key: 'channel' | 'kind' | 'direction' | 'sender', allowed: readonly T[]) =>
    within(key, () => compileConstant<T>(key, rule[key] as T | Value, allowed, scope))
  const channel = constant('channel', channels)
  const kind = constant('kind', kinds)
  const direction = constant('direction', directions)
  const sender = constant('sender', senders)
  const time = within('time', () => compileTime(rule.time, scope))
  const text = compileWords(rule, scope)
  const links = compileLinks(rule.links, scope)
  const attachments = within('attachments', () => compileAttachments(rule.attachments, scope))
  const referral = within('referral', () => compileReferral(rule.referral, scope))
  const channelMessage =
    rule.channelMessageId === undefined ? () => null : id('channelMessageId', rule.channelMessageId)
  const { revision: revisionValue } = rule
  const revision =
    revisionValue === undefined ? () => null : within('revision', () => compileValue(revisionValue, scope))
  const aliases = compileAliases(rule.aliases, scope, maxIdLength)
  const outcome = compileOutcome(rule.outcome, scope)
  const { contactId: contactValue } = rule
  const contact = contactValue === undefined ? () => null : within('contactId', () => compileValue(contactValue, scope))
  const { backfill, keepEmpty } = rule
  const holds = (key: string, rule: boolean | ConditionElement) =>
    typeof rule === 'boolean' ? () => rule : within(key, () => compileCondition(rule, scope))
  const isBackfill = holds('backfill', backfill)
  const keepsEmpty = holds('keepEmpty', keepEmpty)

  const build = (frame: Frame, receivedAt: number): Built => {
    for (const { read, lacks } of required) if (isAbsent(read(frame))) return failed(lacks)
    const accountId = asText(account(frame))
    if (accountId === null || accountId.length > maxAccountLength) return failed('accountId is missing or too long')
    const conversationId = asText(conversation(frame))
    if (conversationId === null || conversationId.length > maxIdLength)
      return failed('conversationId is missing or too long')
    const messageId =
      idIn(message(frame)) ?? (derived.length > 0 ? `derived:${digestOf(derived.map((read) => read(frame)))}` : null)
    if (messageId === null || messageId.length > maxIdLength) return failed('messageId is missing or too long')
    const foundKind = kind(frame) ?? 'message'
    const found = outcome(frame, foundKind)
    if ('reason' in found) return failed(found.reason)
    const isOutcome = foundKind === 'outcome'
    const words = wordless.has(foundKind) ? noWords : text(frame)
    const foundAttachments = foundKind === 'deletion' || isOutcome ? [] : attachments(frame)
    const foundReferral = isOutcome ? null : referral(frame)
    const foundLinks = isOutcome ? [] : links(frame)
    const who = sender(frame) ?? 'unknown'
    const isEmpty =
      words.text === null && foundAttachments.length === 0 && foundReferral === null && foundLinks.length === 0
    if (foundKind === 'message' && isEmpty && !keepsEmpty(frame)) return empty
    const { occurredAt, timeSource } = time(frame, receivedAt)
    const event: MessageEvent = {
      source,
      accountId,
      channel: channel(frame) ?? 'other',
      conversationId,
      messageId,
      kind: foundKind,
      direction: isOutcome ? 'outbound' : (direction(frame) ?? 'inbound'),
      sender: isOutcome && who === 'user' ? 'unknown' : who,
      occurredAt,
      timeSource,
      text: words.text,
      textOrigin: words.textOrigin,
      links: foundLinks,
      attachments: foundAttachments,
      referral: foundReferral,
      channelMessageId: idIn(channelMessage(frame)),
      revision: asText(revision(frame)),
      aliases: aliases(frame).filter((alias) => alias !== conversationId),
      backfill: isBackfill(frame),
      outcome: found.outcome,
      contactId: asText(contact(frame)),
    }
    return { kind: 'event', event }
  }

  return (frame, receivedAt) => {
    try {
      return build(frame, receivedAt)
    } catch (error) {
      if (error instanceof NotInContract) return failed(error.message)
      throw error
    }
  }
}
