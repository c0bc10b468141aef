/** The accounts that a shipped mapping names are those of its items, no more and no fewer: the gateway keeps deliveries by them. */
import { messageEvent } from '../../../support/builders.ts'
import { line, lineMessage, meta, metaItem, zalo } from '../../../support/channel-bodies.ts'
import { deliveryOf, sourceNamed } from '../../../support/deliveries.ts'
import { blip, haravan, haravanHeaders, pancake, qiscus, zwiz } from '../../../support/partner-bodies.ts'

const twilio = (fields: object = {}) => ({
  ...{ MessageSid: 's', WaId: '1', Body: 'hola', From: 'whatsapp:+1', To: 'whatsapp:+15550001111' },
  ...fields,
})
const halosis = (accountId: string) => messageEvent({ source: 'halosis', accountId, messageId: accountId })

it.each<[string, string, object, object?]>([
  ['blip', 'to a bot', blip()],
  ['blip', 'from a bot', blip({ from: 'shop@msging.net/x', to: '55@wa.gw.msging.net' })],
  ['blip', 'behind a router', blip({}, { '#tunnel.owner': 'router@msging.net/y', '#tunnel.originator': '55@0mn.io' })],
  [
    'blip',
    'between bots behind a router',
    blip({ from: 'a@tunnel.msging.net/55%40wa.gw.msging.net', to: 'b@msging.net' }),
  ],
  ['zalo', 'from a person', zalo('user_send_text')],
  ['zalo', 'from the account', zalo('oa_send_text')],
  ['zalo', 'anonymous', zalo('anonymous_send_text', { conversation_id: 'c', msg_id: 'z', text: 'x' })],
  ['zalo', 'in a group', zalo('user_send_group_text', undefined, { oa_id: 'oa', recipient: { id: 'group' } })],
  ['zalo', 'from the account in a group', zalo('oa_send_group_text', undefined, { recipient: { id: 'group' } })],
  ['zalo', 'about a product', zalo('user_asking_product')],
  ['zalo', 'an order', zalo('shop_has_order', undefined, { customer: { id: 'p' }, order: { id: 1 } })],
  [
    'zalo',
    'an order of a named account',
    zalo('shop_has_order', undefined, { oa_id: 'x', customer: { id: 'p' }, order: { id: 1 } }),
  ],
  ['pancake', 'of a page', pancake()],
  ['pancake', 'named by the message', pancake({}, { page_id: undefined })],
  ['pancake', 'named by the conversation', pancake({ page_id: undefined }, { page_id: undefined })],
  ['qiscus', 'of an app', qiscus()],
  ['qiscus', 'of an app id', qiscus({}, { app_code: undefined, app_id: 'id' })],
  ['qiscus', 'of both', qiscus({}, { app_id: 'id' })],
  ['zwiz', 'of a page', zwiz()],
  ['haravan', 'of a shop', haravan(), { headers: haravanHeaders }],
  ['line', 'of a bot', line(lineMessage())],
  [
    'messenger',
    'of pages',
    { object: 'page', entry: [...meta('page', [metaItem()]).entry, { id: 'q', messaging: [metaItem()] }] },
  ],
  ['halosis', 'an event', halosis('a')],
  ['halosis', 'a list', [halosis('a'), halosis('b')]],
  ['halosis', 'a list under events', { events: [halosis('a'), halosis('b')] }],
  ['whatsapp', "in Twilio's form", twilio()],
  ['whatsapp', "in Twilio's form at an account's address", twilio(), { account: '42' }],
])('%s, %s', (name, _what, body, fields = {}) => {
  const source = sourceNamed(name)
  const delivery = deliveryOf(name, body, { account: null, ...fields })
  const accounts = [...new Set(source.map(delivery).events.map(({ accountId }) => accountId))]
  expect(accounts).not.toEqual([])
  expect([...source.accountsOf(delivery)].sort()).toEqual(accounts.sort())
})

it('name no person: a status callback of Twilio goes to the person', () => {
  const body = twilio({ MessageStatus: 'delivered', To: 'whatsapp:+5215550001111' })
  expect(sourceNamed('whatsapp').accountsOf(deliveryOf('whatsapp', body, { account: null }))).toEqual([])
})
