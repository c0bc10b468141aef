import fc from 'fast-check'
import { messageEventSchema } from '../../../../services/shared/model/message-event.ts'
import { DeliveryUnreadable, type MappingResult } from '../../../../services/shared/sources/index.ts'
import { messageEvent, noon } from '../../../support/builders.ts'
import {
  line,
  lineMessage,
  meta,
  metaItem,
  telegram,
  telegramMessage,
  twilioConversations,
  zalo,
  zaloBot,
} from '../../../support/channel-bodies.ts'
import { mapped, sources } from '../../../support/deliveries.ts'
import { growthProblem } from '../../../support/growth.ts'
import { hostileValues, nodesOf, replacing } from '../../../support/hostile.ts'
import {
  blip,
  examplePartner,
  haravan,
  haravanHeaders,
  pancake,
  qiscus,
  respondio,
  seconds,
  zwiz,
} from '../../../support/partner-bodies.ts'

const whatsapp = (...messages: object[]) => ({
  object: 'whatsapp_business_account',
  entry: [
    {
      id: '1',
      changes: [
        { field: 'messages', value: { metadata: { display_phone_number: '1', phone_number_id: '42' }, messages } },
      ],
    },
  ],
})
const whatsappMessage = (id: string) => ({
  id,
  from: '5215550001',
  timestamp: String(seconds),
  type: 'text',
  text: { body: 'hola' },
  referral: { source_type: 'ad', source_id: '6', ctwa_clid: 'A', source_url: 'https://fb.me/x' },
})

/** Sources whose deliveries hold several items: the path of the first item, and the id of the second. */
const several: Record<
  string,
  { readonly body: object; readonly first: readonly string[]; readonly neighbour: string }
> = {
  whatsapp: {
    body: whatsapp(whatsappMessage('wamid.1'), whatsappMessage('wamid.2')),
    first: ['entry', '0', 'changes', '0', 'value', 'messages', '0'],
    neighbour: 'wamid.2',
  },
  messenger: {
    body: meta('page', [
      metaItem({ message: { mid: 'm-1', text: 'x', attachments: [{ type: 'image', payload: { url: 'u' } }] } }),
      metaItem({ message: { mid: 'm-2', text: 'y' } }),
    ]),
    first: ['entry', '0', 'messaging', '0'],
    neighbour: 'm-2',
  },
  instagram: {
    body: meta('instagram', [metaItem(), metaItem({ message: { mid: 'm-2', text: 'y' } })]),
    first: ['entry', '0', 'messaging', '0'],
    neighbour: 'm-2',
  },
  line: {
    body: line(lineMessage(), lineMessage({ id: '501' })),
    first: ['events', '0'],
    neighbour: '501',
  },
  dialog360: {
    body: { contacts: [], messages: [whatsappMessage('wamid.1'), whatsappMessage('wamid.2')] },
    first: ['messages', '0'],
    neighbour: 'wamid.2',
  },
  'example-partner': {
    body: examplePartner(
      { body: '{"text":"<p>a</p>","link":"https://x/?ref=1","media":[{"k":"pic"}]}' },
      { uid: 'i-2', body: { text: 'b' } },
    ),
    first: ['batches', '0', 'threads', '0', 'items', '0'],
    neighbour: 'i-2',
  },
}

/** A valid delivery of every source. */
const single: Record<string, object> = {
  ...Object.fromEntries(Object.entries(several).map(([name, { body }]) => [name, body])),
  tiktok: {
    event: 'im_receive_msg',
    create_time: seconds,
    user_openid: 'b',
    content: { conversation_id: 'c', message_id: 'm', timestamp: noon, type: 'text', text: { body: 'hola' } },
  },
  telegram: telegram({ message: telegramMessage() }),
  zalo: zalo('user_send_text'),
  'zalo-bot': zaloBot('message.text.received'),
  'twilio-conversations': twilioConversations(),
  blip: blip(),
  qiscus: qiscus(),
  respondio: respondio(),
  pancake: pancake(),
  haravan: haravan(),
  zwiz: zwiz(),
  halosis: messageEvent({ source: 'halosis' }),
}

/** null: the body is refused as a whole. Any other error fails the test. */
const outcome = (name: string, body: string): MappingResult | null => {
  try {
    return mapped(name, body, { headers: haravanHeaders })
  } catch (error) {
    if (error instanceof DeliveryUnreadable) return null
    throw error
  }
}

const breaksContract = ({ events }: MappingResult): string[] =>
  events.flatMap((event) => {
    const result = messageEventSchema.safeParse({ ...event, occurredAt: noon })
    return result.success ? [] : [result.error.message]
  })

it('knows a delivery of every source', () => {
  expect(Object.keys(single).sort()).toEqual([...sources.names()].sort())
  for (const [name, body] of Object.entries(single))
    expect([name, outcome(name, JSON.stringify(body))?.events.length]).toEqual([name, name in several ? 2 : 1])
})

/** Changes of a body, each to the node of a number. Drawn once for all sources. */
const changesDrawn = fc.sample(
  fc.array(fc.tuple(fc.nat(), fc.jsonValue({ maxDepth: 3 })), { minLength: 1, maxLength: 3 }),
  60,
)
const bodiesDrawn = fc.sample(
  fc.oneof(
    fc.string(),
    fc.json(),
    fc.jsonValue().map((value) => JSON.stringify({ event: 'im_receive_msg', content: value, entry: value })),
  ),
  100,
)

describe.each(Object.keys(single))('a delivery of %s with one node replaced', (name) => {
  const body = single[name] as object
  it('is mapped to events of the contract or refused, for any value', () => {
    const broken: string[] = []
    for (const path of nodesOf(body)) {
      const replaced = replacing(body, path)
      for (const [what, json] of Object.entries(hostileValues)) {
        const result = outcome(name, replaced(json))
        if (result) broken.push(...breaksContract(result).map((problem) => `${path.join('.')}, ${what}: ${problem}`))
      }
    }
    expect(broken).toEqual([])
    expect(({} as Record<string, unknown>).polluted).toBeUndefined()
  })

  it('is mapped or refused with several nodes replaced by random values', () => {
    const paths = nodesOf(body)
    for (const changes of changesDrawn) {
      let text = JSON.stringify(body)
      for (const [at, value] of changes) {
        const path = paths[at % paths.length] as readonly string[]
        try {
          text = replacing(JSON.parse(text), path)(JSON.stringify(value))
        } catch {
          // An earlier change has removed this node.
        }
      }
      const result = outcome(name, text)
      if (result) expect([text, ...breaksContract(result)]).toEqual([text])
    }
  })
})

describe.each(Object.entries(several))('the neighbour of a hostile item of %s', (name, { body, first, neighbour }) => {
  const item = first.reduce((value, key) => (value as Record<string, unknown>)[key], body as unknown)
  it('is mapped, for any value in the item', () => {
    const lost: string[] = []
    for (const path of nodesOf(item)) {
      const replaced = replacing(body, [...first, ...path])
      for (const [what, json] of Object.entries(hostileValues)) {
        const events = outcome(name, replaced(json))?.events ?? []
        if (!events.some(({ messageId }) => messageId === neighbour)) lost.push(`${path.join('.')}, ${what}`)
      }
    }
    expect(lost).toEqual([])
  })
})

describe('a delivery', () => {
  it('may hold 20,000 items, each of which is mapped', () => {
    const messages = Array.from({ length: 20_000 }, (_, n) => ({
      ...whatsappMessage(`wamid.${n}`),
      text: { body: 'x' },
    }))
    expect(outcome('whatsapp', JSON.stringify(whatsapp(...messages)))?.events).toHaveLength(20_000)
  })

  it('that names many contacts beside many messages is mapped in linear time', () => {
    const read = ({ length }: string) => {
      const contacts = Array.from({ length: 4 * length }, (_, n) => ({ wa_id: `c${n}` }))
      const body = whatsapp(...Array.from({ length }, (_, n) => whatsappMessage(`wamid.${n}`)))
      const value = body.entry[0]?.changes[0]?.value as object
      outcome(
        'whatsapp',
        JSON.stringify({ ...body, entry: [{ changes: [{ field: 'messages', value: { ...value, contacts } }] }] }),
      )
    }
    expect(growthProblem(read, { start: '', pump: 'x', end: '' }, { length: 2_048, maxMs: 10_000 })).toBeNull()
  })

  it.each(['', ' ', 'null', '[]', '7', '"x"', '{', '[[[[', '\u0000', '{"a":1}{"a":2}', '\ufeff{}', '<xml/>'])(
    'that is not one yields no event: %j',
    (text) => {
      for (const name of sources.names()) expect([name, outcome(name, text)?.events ?? []]).toEqual([name, []])
    },
  )

  it('nested to extreme depth yields no event', () => {
    for (const text of [
      '['.repeat(500_000),
      `${'['.repeat(100_000)}${']'.repeat(100_000)}`,
      `${'{"entry":'.repeat(50_000)}1${'}'.repeat(50_000)}`,
    ])
      for (const name of sources.names()) expect(outcome(name, text)?.events ?? []).toEqual([])
  })
})

describe('no body, however broken,', () => {
  const valid = whatsapp(whatsappMessage('wamid.good'))

  it.each(sources.names())('makes the %s mapping throw anything but DeliveryUnreadable', (name) => {
    const thrown = bodiesDrawn.filter((body) => {
      try {
        outcome(name, body)
        return false
      } catch {
        return true
      }
    })
    expect(thrown).toEqual([])
  })

  it('loses its neighbours', () => {
    fc.assert(
      fc.property(fc.jsonValue(), (bad) => {
        const body = structuredClone(valid) as unknown as { entry: { changes: { value: { messages: unknown[] } }[] }[] }
        body.entry[0]?.changes[0]?.value.messages.unshift(bad)
        body.entry.unshift(bad as never)
        const result = outcome('whatsapp', JSON.stringify(body))
        expect(result?.events.some(({ messageId }) => messageId === 'wamid.good')).toBe(true)
      }),
    )
  })

  it.each<[string, string]>([
    ['nested 10,000 deep', `${'{"a":'.repeat(10_000)}1${'}'.repeat(10_000)}`],
    [
      'with prototype keys',
      '{"event":"im_receive_msg","content":{"__proto__":{"type":"text"},"constructor":{"prototype":{"x":1}},"conversation_id":"c"}}',
    ],
    [
      'with huge numbers',
      '{"entry":[{"changes":[{"field":"messages","value":{"metadata":{"phone_number_id":1e999},"messages":[{"id":1e308,"from":-1e400,"timestamp":1e999}]}}]}]}',
    ],
    [
      'with lone surrogates',
      '{"entry":[{"changes":[{"field":"messages","value":{"metadata":{"phone_number_id":"1"},"messages":[{"id":"\\ud800","from":"\\udfff","type":"text","text":{"body":"\\ud83d"}}]}}]}]}',
    ],
    ['with the same key twice', '{"entry":1,"entry":[]}'],
    [
      'with many items',
      JSON.stringify({ entry: [{ changes: [{ field: 'messages', value: { statuses: Array(20_000).fill({}) } }] }] }),
    ],
  ])('%s, hangs a mapping', (_name, body) => {
    for (const name of sources.names()) outcome(name, body)
    expect(({} as { type?: string }).type).toBeUndefined()
  })

  it('yields an event that breaks the contract', () => {
    fc.assert(
      fc.property(
        fc.dictionary(fc.constantFrom('id', 'from', 'type', 'text', 'timestamp', 'image', 'referral'), fc.jsonValue()),
        (message) => {
          const { events } = mapped('whatsapp', whatsapp(message))
          for (const event of events) expect(messageEventSchema.safeParse(event).success).toBe(true)
        },
      ),
    )
  })
})
