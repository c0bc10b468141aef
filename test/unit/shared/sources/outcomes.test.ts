/** What partners report beyond messages: labels, stages, payments and the totals of orders. */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { checkMapping } from '../../../../services/shared/sources/check.ts'
import { inUnits, totalOf } from '../../../../services/shared/sources/interpreter/event/outcome.ts'
import { noon } from '../../../support/builders.ts'
import { deliveryOf, mapped } from '../../../support/deliveries.ts'

const iso = new Date(noon).toISOString()

describe('respond.io', () => {
  const contact = { id: 77, tags: ['qualified'], lifecycle: 'Payment' }
  const tag = { event_type: 'contact.tag.updated', event_id: 'e1', action: 'add', tag: 'qualified', contact }

  it('gives a label to the contact, without a thread', () => {
    const { events, ignored } = mapped('respondio', tag, { account: 'acct' })
    expect(ignored).toEqual([])
    expect(events).toMatchObject([
      {
        ...{ kind: 'outcome', direction: 'outbound', sender: 'unknown', text: null, messageId: 'e1' },
        ...{ conversationId: '77', contactId: '77', accountId: 'acct', timeSource: 'received' },
        outcome: { name: 'qualified', value: null, currency: null, reference: null },
      },
    ])
  })

  it('gives a stage of the lifecycle alike', () => {
    const stage = { event_type: 'contact.lifecycle.updated', event_id: 'e2', lifecycle: 'Payment', contact }
    expect(mapped('respondio', stage, { account: 'acct' }).events).toMatchObject([
      { kind: 'outcome', outcome: { name: 'Payment' } },
    ])
  })

  it.each([
    ['a label that is taken off', { ...tag, action: 'remove' }],
    ['a stage that is taken off', { event_type: 'contact.lifecycle.updated', lifecycle: null, contact }],
    ['a change of a contact', { event_type: 'contact.updated', contact }],
  ])('ignores %s', (_name, body) =>
    expect(mapped('respondio', body, { account: 'acct' })).toMatchObject({ events: [], ignored: ['contact'] }),
  )
})

describe('Zalo', () => {
  const tag = { event_name: 'add_user_to_tag', oa_id: 'oa', timestamp: String(noon), tag: { name: 'Khách VIP' } }

  it('gives a label to each person that it names', () => {
    const body = { ...tag, tag: { ...tag.tag, user_ids: ['p1', 'p2'] } }
    const { events } = mapped('zalo', body)
    expect(events).toMatchObject([
      { kind: 'outcome', conversationId: 'oa:p1', occurredAt: noon, outcome: { name: 'Khách VIP' } },
      { kind: 'outcome', conversationId: 'oa:p2' },
    ])
    expect(new Set(events.map(({ messageId }) => messageId)).size).toBe(2)
  })

  it.each([
    ['without people', tag],
    ['that is taken off', { ...tag, event_name: 'remove_user_from_tag' }],
  ])('ignores a label %s', (_name, body) =>
    expect(mapped('zalo', body)).toMatchObject({ events: [], ignored: ['contact'] }),
  )

  it('gives an order its total', () => {
    const body = {
      ...{ event_name: 'shop_has_order', oa_id: 'oa', timestamp: String(noon), customer: { id: 'person' } },
      order: { id: '88', total_amount: 149_000 },
    }
    expect(mapped('zalo', body).events).toMatchObject([
      { kind: 'order', outcome: { name: null, value: '149000', currency: 'VND', reference: '88' } },
    ])
  })
})

describe('Haravan', () => {
  const order = { id: 7, line_items: [], total_price: 13_200_000, currency: 'VND', created_at: iso, updated_at: iso }
  const events = (topic: string, fields: object = {}) =>
    mapped('haravan', { ...order, ...fields }, { headers: { 'x-haravan-org-id': '1', 'x-haravan-topic': topic } })
      .events

  it('gives an order its total', () =>
    expect(events('orders/create', { order_number: '#7' })).toMatchObject([
      { kind: 'order', outcome: { name: null, value: '13200000', currency: 'VND', reference: '#7' } },
    ]))

  it.each([
    ['orders/paid', 'paid'],
    ['orders/cancelled', 'cancelled'],
  ])('tells of %s as an outcome beside the order', (topic, name) =>
    expect(events(topic)).toMatchObject([
      { kind: 'order', messageId: '7' },
      {
        ...{ kind: 'outcome', conversationId: 'order:7', messageId: `7:${name}` },
        outcome: { name, value: '13200000', currency: 'VND' },
      },
    ]),
  )

  it('counts an order whose total cannot be read', () =>
    expect(events('orders/create', { total_price: 'free' })).toMatchObject([{ kind: 'order', outcome: null }]))
})

describe('WhatsApp', () => {
  const delivery = (status: object) => ({
    object: 'whatsapp_business_account',
    entry: [
      {
        id: '1',
        changes: [
          {
            field: 'messages',
            value: {
              messaging_product: 'whatsapp',
              metadata: { phone_number_id: '42' },
              statuses: [{ id: 'wamid.7', recipient_id: '5511', timestamp: String(noon / 1000), ...status }],
            },
          },
        ],
      },
    ],
  })
  const payment = { reference_id: 'r-1', amount: { value: 14_950, offset: 100 }, currency: 'BRL' }

  it('gives a captured payment with its value in whole units', () =>
    expect(mapped('whatsapp', delivery({ type: 'payment', status: 'captured', payment }))).toMatchObject({
      events: [
        {
          ...{ kind: 'outcome', conversationId: '42:5511', occurredAt: noon, direction: 'outbound' },
          outcome: { name: 'payment', value: '149.50', currency: 'BRL', reference: 'r-1' },
        },
      ],
      ignored: [],
    }))

  it.each([
    ['a payment that is under way', { type: 'payment', status: 'pending', payment }],
    ['a receipt', { status: 'read' }],
  ])('ignores %s', (_name, status) =>
    expect(mapped('whatsapp', delivery(status))).toMatchObject({ events: [], ignored: ['status'] }),
  )
})

describe('a cart on WhatsApp', () => {
  const cart = (items: unknown, fields: object = {}) => ({
    object: 'whatsapp_business_account',
    entry: [
      {
        id: '1',
        changes: [
          {
            field: 'messages',
            value: {
              metadata: { phone_number_id: '42' },
              messages: [
                {
                  ...{ id: 'wamid.8', from: '5511', timestamp: String(noon / 1000), type: 'order' },
                  order: { catalog_id: 'c', text: 'por favor', product_items: items },
                  ...fields,
                },
              ],
            },
          },
        ],
      },
    ],
  })
  const item = (item_price: unknown, quantity: unknown, currency = 'BRL') => ({
    ...{ product_retailer_id: 'p', item_price, quantity, currency },
  })

  it('is an order with its total beside the message', () => {
    const { events, ignored, failed } = mapped('whatsapp', cart([item(149.9, 3), item('0.05', '2')]))
    expect([ignored, failed]).toEqual([[], []])
    expect(events).toMatchObject([
      { kind: 'message', conversationId: '42:5511', messageId: 'wamid.8', text: 'por favor', outcome: null },
      {
        ...{ kind: 'order', conversationId: '42:5511', messageId: 'wamid.8:order', occurredAt: noon, text: null },
        outcome: { name: null, value: '449.8', currency: 'BRL', reference: 'wamid.8' },
      },
    ])
  })

  it.each([
    ['of two currencies', [item(1, 1), item(1, 1, 'USD')]],
    ['with a price that is none', [item('free', 1)]],
    ['of nothing', []],
  ])('%s is an order without a total', (_name, items) =>
    expect(mapped('whatsapp', cart(items)).events).toMatchObject([
      { kind: 'message' },
      { kind: 'order', outcome: { value: null, currency: null } },
    ]),
  )

  it('of a group is a message alone', () =>
    expect(mapped('whatsapp', cart([item(1, 1)], { group_id: 'g' })).events).toMatchObject([{ kind: 'message' }]))
})

describe('a sum of prices', () => {
  const keys = { price: 'p', quantity: 'q', currency: 'c' }
  const sum = (...items: (readonly [unknown, unknown])[]) =>
    totalOf(
      items.map(([p, q]) => ({ p, q, c: 'IDR' })),
      keys,
    ).value

  it.each([
    [[[0.1, 3]], '0.3'],
    [[['0.10', 3]], '0.3'],
    [[[149_000, 2]], '298000'],
    [[['999999999999999', 1]], '999999999999999'],
    [[[0, 5]], '0'],
  ] as const)('%j is exactly %s', (items, expected) => expect(sum(...items)).toBe(expected))

  it.each([[[['999999999999999', 2]]], [[['0.000001', '0.1']]], [[[1, -1]]], [[[1, undefined]]]] as const)(
    '%j is none',
    (items) => expect(sum(...(items as unknown as [unknown, unknown][]))).toBeNull(),
  )

  it.each([[undefined], [{}], ['x'], [[null]]])('of %j is none', (list) =>
    expect(totalOf(list, keys)).toEqual({ value: null, currency: null }),
  )
})

describe('the mapping of outcomes in the documentation', () => {
  const page = readFileSync(join(import.meta.dirname, '../../../../docs/sources/mapping-language.md'), 'utf8')
  const text = /```yaml\n(source: my-crm\n[\s\S]*?)```/.exec(page)?.[1] ?? ''
  const lead = { chat: 'c-1', stage: 'Won', cents: 1_495_050, currency: 'idr' }
  const readBy = (mapping: string, body: object) => {
    const { ok, items } = checkMapping(mapping, 'my-crm.yaml').check(deliveryOf('my-crm', JSON.stringify(body)))
    return [ok, items.map((item) => (item.became === 'event' ? item.event : item.became))]
  }
  const body = { event: 'stage_changed', id: 's-1', shop: 'shop-1', at: iso, lead }

  it('gives a stage with its value', () =>
    expect(readBy(text, body)).toMatchObject([
      true,
      [
        {
          ...{ kind: 'outcome', conversationId: 'c-1', messageId: 's-1', sender: 'agent', occurredAt: noon },
          outcome: { name: 'Won', value: '14950.50', currency: 'IDR', reference: null },
        },
      ],
    ]))

  it('adds up the items of a cart', () => {
    const total = text.replace(
      /value: body\.lead\.cents.*\}$/m,
      'total: { of: body.lead.items, price: p, quantity: q, currency: c } }',
    )
    const items = [{ p: 0.1, q: 3, c: 'idr' }]
    expect(readBy(total, { ...body, lead: { ...lead, items } })).toMatchObject([
      true,
      [{ outcome: { value: '0.3', currency: 'IDR' } }],
    ])
  })

  it('is refused with both a total and a value, naming the place', () => {
    const both = text.replace(
      'value: body.lead',
      'total: { of: body.x, price: p, quantity: q, currency: c }, value: body.lead',
    )
    expect(() => checkMapping(both, 'my-crm.yaml')).toThrow(/outcome.*takes either total, or value, units and currency/)
  })
})

describe('Telegram', () => {
  const order = (currency: string) => ({
    update_id: 1,
    message: {
      ...{ message_id: 7, date: noon / 1000, from: { id: 23 }, chat: { id: 23, type: 'private' } },
      successful_payment: { currency, total_amount: 1_000, telegram_payment_charge_id: 'c1' },
    },
  })
  it.each([
    ['IDR', '10.00'],
    ['JPY', '1000'],
  ])('gives a payment in %s its total in whole units', (currency, value) =>
    expect(mapped('telegram', order(currency), { account: 'bot' }).events).toMatchObject([
      { kind: 'order', outcome: { name: null, value, currency, reference: 'c1' } },
    ]),
  )
})

describe('Pancake', () => {
  const body = (tags: unknown) => ({
    event_type: 'messaging',
    page_id: '1',
    data: {
      conversation: { id: '1_2', type: 'INBOX', tags },
      message: { id: 'm_1', from: { id: '2' }, inserted_at: iso.slice(0, 19), message: 'oi', original_message: 'oi' },
    },
  })
  it('gives the labels that a conversation has, one id each however often they come', () => {
    const events = (tags: unknown) => mapped('pancake', body(tags)).events
    const [label, message] = events([{ id: 3, text: 'Chốt đơn' }])
    expect(label).toMatchObject({ kind: 'outcome', conversationId: '1_2', outcome: { name: 'Chốt đơn' } })
    expect(message).toMatchObject({ kind: 'message', text: 'oi' })
    expect(events([{ id: 3, text: 'Chốt đơn' }])[0]?.messageId).toBe(label?.messageId)
    expect(events([3])).toHaveLength(1)
  })
})

describe('Qiscus', () => {
  const tag = { app_id: 'app', room_id: 9, tag: { id: 1, name: 'hot lead' } }
  it('gives a label to its room', () =>
    expect(mapped('qiscus', tag).events).toMatchObject([
      { kind: 'outcome', conversationId: '9', accountId: 'app', outcome: { name: 'hot lead' } },
    ]))
})

describe('a value in parts of a unit', () => {
  it.each([
    ['14950', '100', '149.50'],
    ['5', '100', '0.05'],
    ['1000', '1', '1000'],
    ['12.5', '10', '1.25'],
    ['0', '1000', '0.000'],
  ])('%s by %s is %s', (value, units, expected) => expect(inUnits(value, units)).toBe(expected))

  it.each([
    ['1', '99'],
    ['x', '100'],
    ['1', '-10'],
    ['1.2345', '1000'],
  ])('%s by %s is none', (value, units) => expect(inUnits(value, units)).toBeNull())
})
