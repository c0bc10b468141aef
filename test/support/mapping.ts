/** Small mappings for tests. A test passes only the element that it is about. */
import { stringify } from 'yaml'
import type { MessageEvent } from '../../services/shared/model/message-event.ts'
import { parseMapping, type RawDelivery, type Source } from '../../services/shared/sources/index.ts'
import { deliveryOf } from './deliveries.ts'

/** An event rule for items of the form `{from, id, text, at}`. */
export const eventRule = {
  accountId: { first: ['body.page', { const: 'page' }] },
  channel: 'other',
  conversationId: { template: '{item.from}' },
  messageId: 'item.id',
  kind: 'message',
  direction: 'inbound',
  sender: 'user',
  time: [{ of: 'item.at', unit: 'ms' }],
  text: [{ of: 'item.text', origin: 'typed' }],
}

/** @param rule replaces parts of the event rule @param top replaces parts of the document */
export const documentOf = (rule: object = {}, top: object = {}): string =>
  stringify({
    source: 'example',
    version: 1,
    recognise: { value: 'body.items', is: 'list' },
    rules: [{ each: { item: 'body.items[]' }, event: { ...eventRule, ...rule } }],
    ...top,
  })

export const sourceOf = (rule: object = {}, top: object = {}): Source => parseMapping(documentOf(rule, top), 'own.yaml')

export const item = { from: 'person', id: 'm1', text: 'hola', at: 1_764_060_000_000 }

/** The only event of a delivery with one item. @throws Error when there is none, or several */
export const eventOf = (
  rule: object,
  fields: object = {},
  { body = {}, ...delivery }: { readonly body?: object } & Omit<Partial<RawDelivery>, 'body'> = {},
): MessageEvent => {
  const { events, ignored, failed } = sourceOf(rule).map(
    deliveryOf('example', { ...body, items: [{ ...item, ...fields }] }, { receivedAt: 1_764_060_060_000, ...delivery }),
  )
  if (events.length !== 1) throw new Error(`no single event: ${JSON.stringify({ ignored, failed })}`)
  return events[0] as MessageEvent
}
