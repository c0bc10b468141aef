/** One item to one message event, by an event rule. */
import {
  type AttachmentKind,
  type Channel,
  type Direction,
  type Kind,
  type MessageEvent,
  maxLinks,
  type Referral,
  type Sender,
  type TextOrigin,
  type TimeSource,
} from '../../model/message-event.ts'
import type { EventRule } from './document.ts'
import type { Value } from './expressions.ts'
import { compilePath, isAbsent, type Read, type Scope } from './scope.ts'
import { cutText, plainText } from './text.ts'
import { timeIn } from './time.ts'
import { asText, compileCondition, compileValue, digestOf } from './values.ts'

export type Built =
  | { readonly kind: 'event'; readonly event: MessageEvent }
  | { readonly kind: 'empty' }
  /** Recognised, but not to be mapped: names the field, never a value. */
  | { readonly kind: 'failed'; readonly reason: string }

export type BuildEvent = (scope: Scope, receivedAt: number) => Built

const maxIdLength = 512
const maxAccountLength = 256

/** A constant of the contract or a value that yields one. */
const oneOf = <T extends string>(value: T | Value): ((scope: Scope) => T | null) => {
  if (typeof value === 'string') return () => value as T
  const read = compileValue(value)
  return (scope) => asText(read(scope)) as T | null
}

/** `"0"` and `0` are how sources say that they have no id. */
const idIn = (value: unknown): string | null => {
  const id = asText(value)
  return id === null || id === '0' ? null : id
}

const compileTime = (rules: EventRule['time']) => {
  const compiled = rules.map(({ of, unit, source }) => ({ read: compileValue(of), unit, source }))
  return (scope: Scope, receivedAt: number): { occurredAt: number; timeSource: TimeSource } => {
    for (const { read, unit, source } of compiled) {
      const occurredAt = timeIn(read(scope), unit, receivedAt)
      if (occurredAt !== null) return { occurredAt, timeSource: source }
    }
    return { occurredAt: receivedAt, timeSource: 'received' }
  }
}

const compileText = (rules: EventRule['text']) => {
  const compiled = rules.map(({ of, origin, html, when }) => ({
    read: compileValue(of),
    origin: oneOf<TextOrigin>(origin as TextOrigin | Value),
    html,
    holds: when ? compileCondition(when) : () => true,
  }))
  return (scope: Scope): { text: string | null; textOrigin: TextOrigin | null } => {
    for (const { read, origin, html, holds } of compiled) {
      if (!holds(scope)) continue
      const value = asText(read(scope))
      const text = value === null ? '' : cutText(html ? plainText(value) : value)
      if (text !== '') return { text, textOrigin: origin(scope) }
    }
    return { text: null, textOrigin: null }
  }
}

/** What an element of a list of attachments is. */
const compileElementType = (type: string | Value | undefined): ((scope: Scope, item: unknown) => unknown) => {
  if (typeof type === 'object') {
    const read = compileValue(type)
    return (scope, item) => read({ ...scope, item })
  }
  const read = compilePath(type === undefined ? 'item' : `item.${type}`)
  return (_scope, item) => read({ item })
}

const compileAttachments = (rules: EventRule['attachments']) => {
  const compiled = rules.map((rule): ((scope: Scope) => AttachmentKind[]) => {
    if ('const' in rule) {
      const holds = rule.when ? compileCondition(rule.when) : () => true
      return (scope) => (holds(scope) ? [rule.const] : [])
    }
    const map = new Map(Object.entries(rule.map))
    const kindOf = (type: unknown): AttachmentKind[] => {
      if (isAbsent(type)) return []
      const kind = map.has(String(type)) ? map.get(String(type)) : rule.otherwise
      return kind ? [kind] : []
    }
    if ('each' in rule) {
      const list = compilePath(rule.each)
      const type = compileElementType(rule.type)
      return (scope) => {
        const items = list(scope)
        return Array.isArray(items) ? items.flatMap((item) => kindOf(type(scope, item) ?? 'unknown')) : []
      }
    }
    const read = compileValue(rule.of)
    return (scope) => kindOf(read(scope))
  })
  return (scope: Scope): AttachmentKind[] => compiled.flatMap((attachments) => attachments(scope))
}

const compileReferral = (rules: EventRule['referral']) => {
  const optional = (value: Value | undefined): Read => (value === undefined ? () => undefined : compileValue(value))
  const compiled = rules.map(({ when, source, ref, adId, advertiserId, clickId, url }) => ({
    holds: compileCondition(when),
    source: oneOf<Referral['source']>(source as Referral['source'] | Value),
    fields: {
      ref: optional(ref),
      adId: optional(adId),
      advertiserId: optional(advertiserId),
      clickId: optional(clickId),
      url: optional(url),
    },
  }))
  return (scope: Scope): Referral | null => {
    const rule = compiled.find(({ holds }) => holds(scope))
    if (!rule) return null
    const { ref, adId, advertiserId, clickId, url } = rule.fields
    return {
      source: rule.source(scope) ?? 'other',
      ref: asText(ref(scope)),
      adId: asText(adId(scope)),
      advertiserId: asText(advertiserId(scope)),
      clickId: asText(clickId(scope)),
      url: asText(url(scope)),
    }
  }
}

export const compileEvent = (source: string, rule: EventRule): BuildEvent => {
  const required = rule.requires.map(compileValue)
  const account = compileValue(rule.accountId)
  const conversation = compileValue(rule.conversationId)
  const message = compileValue(rule.messageId)
  const derived = rule.derivedFrom.map(compileValue)
  const channel = oneOf<Channel>(rule.channel as Channel | Value)
  const kind = oneOf<Kind>(rule.kind as Kind | Value)
  const direction = oneOf<Direction>(rule.direction as Direction | Value)
  const sender = oneOf<Sender>(rule.sender as Sender | Value)
  const time = compileTime(rule.time)
  const text = compileText(rule.text)
  const links = rule.links.map(compileValue)
  const attachments = compileAttachments(rule.attachments)
  const referral = compileReferral(rule.referral)
  const channelMessage = rule.channelMessageId === undefined ? () => null : compileValue(rule.channelMessageId)
  const revision = rule.revision === undefined ? () => null : compileValue(rule.revision)
  const aliases = rule.aliases.map(compileValue)
  const { backfill } = rule
  const isBackfill = typeof backfill === 'boolean' ? () => backfill : compileCondition(backfill)
  const failed = (reason: string): Built => ({ kind: 'failed', reason })

  return (scope, receivedAt) => {
    if (required.some((read) => isAbsent(read(scope)))) return failed('it names no person')
    const accountId = asText(account(scope))
    const conversationId = asText(conversation(scope))
    if (accountId === null || accountId.length > maxAccountLength) return failed('accountId is missing or too long')
    if (conversationId === null || conversationId.length > maxIdLength)
      return failed('conversationId is missing or too long')
    const messageId =
      idIn(message(scope)) ?? (derived.length > 0 ? `derived:${digestOf(derived.map((read) => read(scope)))}` : null)
    if (messageId === null || messageId.length > maxIdLength) return failed('messageId is missing or too long')
    const foundKind = kind(scope) ?? 'message'
    const words = foundKind === 'deletion' || foundKind === 'referral' ? { text: null, textOrigin: null } : text(scope)
    const foundAttachments = foundKind === 'deletion' ? [] : attachments(scope)
    const foundReferral = referral(scope)
    const foundLinks = [...new Set(links.flatMap((read) => asText(read(scope)) ?? []))].slice(0, maxLinks)
    const isEmpty =
      words.text === null && foundAttachments.length === 0 && foundReferral === null && foundLinks.length === 0
    if (foundKind === 'message' && isEmpty && !rule.keepEmpty) return { kind: 'empty' }
    const event: MessageEvent = {
      source,
      accountId,
      channel: channel(scope) ?? 'other',
      conversationId,
      messageId,
      kind: foundKind,
      direction: direction(scope) ?? 'inbound',
      sender: sender(scope) ?? 'unknown',
      ...time(scope, receivedAt),
      ...words,
      links: foundLinks,
      attachments: foundAttachments,
      referral: foundReferral,
      channelMessageId: idIn(channelMessage(scope)),
      revision: asText(revision(scope)),
      aliases: [...new Set(aliases.flatMap((read) => asText(read(scope)) ?? []))].filter(
        (alias) => alias !== conversationId,
      ),
      backfill: isBackfill(scope),
    }
    return { kind: 'event', event }
  }
}
