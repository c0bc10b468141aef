/** The documents for authors of connectors say what the code does. */
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { Ajv2020 } from 'ajv/dist/2020.js'
import fc from 'fast-check'
import { parse } from 'yaml'
import { apiDocuments } from '../../../infra/api-documents/documents.ts'
import { gatewayOpenApi } from '../../../services/gateway/http/openapi.ts'
import { parseConnection } from '../../../services/shared/connections/connection-file.ts'
import { messageEventSchema } from '../../../services/shared/model/message-event.ts'
import { messageEventJsonSchema } from '../../../services/shared/model/message-event-json-schema.ts'
import { mappingJsonSchema } from '../../../services/shared/sources/mapping-json-schema.ts'
import { topics } from '../../../services/topology.ts'
import { anyEvent } from '../../support/any-event.ts'
import { messageEvent } from '../../support/builders.ts'

const root = join(import.meta.dirname, '../../..')
const ajv = new Ajv2020({ strict: false })

describe('the documents for authors of connectors', () => {
  it.each(Object.entries(apiDocuments()))('%s is what `make api-documents` writes', (file, text) => {
    expect(readFileSync(join(root, 'docs', file), 'utf8')).toBe(text)
  })

  it('names a schema file that is there for every topic with a schema', () => {
    const { channels } = JSON.parse(apiDocuments()['connectors/asyncapi.json'] as string)
    expect(Object.keys(channels)).toEqual(Object.keys(topics))
    for (const { messages } of Object.values<{ messages: Record<string, { payload?: { schema: { $ref: string } } }> }>(
      channels,
    ))
      for (const { payload } of Object.values(messages))
        if (payload) expect(() => readFileSync(join(root, 'docs/connectors', payload.schema.$ref))).not.toThrow()
  })

  it('refers to schemas that the document defines', () => {
    const document = gatewayOpenApi()
    const { schemas } = document.components as { schemas: Record<string, object> }
    const referred = JSON.stringify(document).matchAll(/"#\/components\/schemas\/(\w+)"/g)
    expect([...referred].filter(([, name]) => !((name as string) in schemas))).toEqual([])
    for (const schema of Object.values(schemas)) {
      const inPlace = JSON.parse(JSON.stringify(schema).replaceAll('#/components/schemas/', '#/$defs/'))
      const $defs = JSON.parse(JSON.stringify(schemas).replaceAll('#/components/schemas/', '#/$defs/'))
      expect(() => ajv.compile({ ...inPlace, $defs })).not.toThrow()
    }
  })
})

describe('the examples of docs/connectors/README.md', () => {
  const page = readFileSync(join(root, 'docs/connectors/README.md'), 'utf8')
  const blocks = [...page.matchAll(/```json\n([\s\S]*?)```/g)].map(([, block]) => JSON.parse(block as string))

  it('are a connection and an event that the code takes', () => {
    expect(blocks).toHaveLength(2)
    expect(parseConnection(blocks[0])).toMatchObject({ sandbox: true })
    expect(messageEventSchema.parse(blocks[1])).toMatchObject({ kind: 'outcome' })
  })
})

describe('the JSON Schema of a mapping', () => {
  const takes = new Ajv2020({ strict: false, logger: false }).compile(mappingJsonSchema())
  const folder = join(root, 'services/shared/sources/mappings')

  it.each(readdirSync(folder).filter((file) => file.endsWith('.yaml')))('takes %s', (file) => {
    const document: unknown = parse(readFileSync(join(folder, file), 'utf8'), { merge: true })
    takes(document)
    expect(takes.errors ?? []).toEqual([])
  })

  it.each<[string, object]>([
    ['an unknown field', { colour: 'red' }],
    ['an unknown channel', { rules: [{ event: { channel: 'pigeon' } }] }],
    ['no rules', { rules: undefined }],
    ['a wrong source', { source: 'UPPER' }],
  ])('refuses %s', (_name, fields) => {
    const document = parse(readFileSync(join(folder, 'zwiz.yaml'), 'utf8'), { merge: true })
    expect(takes(JSON.parse(JSON.stringify({ ...document, ...fields })))).toBe(false)
  })
})

/** Values that one field or another refuses, none of them a time after now. */
const oddValue = fc.constantFrom<unknown>(
  ...[
    null,
    '',
    0,
    1.5,
    -1,
    true,
    'text',
    'inbound',
    [],
    ['text'],
    [1],
    [''],
    {},
    { source: 'other' },
    { source: 'no' },
  ],
  ...['x'.repeat(257), 'x'.repeat(513), 'X', 'a b', new Array(11).fill('https://a.example'), new Array(21).fill('a')],
)
const fields = Object.keys(messageEventSchema.shape)

describe('the JSON Schema of a message event', () => {
  const takes = ajv.compile(messageEventJsonSchema())
  const agrees = (event: unknown) => {
    const { success } = messageEventSchema.safeParse(event)
    expect({ event, takes: takes(event) }).toEqual({ event, takes: success })
    return success
  }

  it('takes every valid event', () => {
    fc.assert(
      fc.property(anyEvent, (event) => {
        expect(agrees(event)).toBe(true)
      }),
      { numRuns: 50 },
    )
  })

  it('judges each field as the gateway does: missing, or with any of many values', () => {
    const [event] = fc.sample(anyEvent, { numRuns: 1, seed: 1 })
    const judged = { true: 0, false: 0 }
    const values = [undefined, ...fc.sample(oddValue, { numRuns: 200, seed: 1 })]
    for (const field of fields)
      for (const value of new Set(values)) judged[`${agrees({ ...event, [field]: value })}`] += 1
    expect(judged.true).toBeGreaterThan(50)
    expect(judged.false).toBeGreaterThan(100)
  })

  it('judges the fields of an outcome as the gateway does, on events of each kind', () => {
    const judged = { true: 0, false: 0 }
    const values = [undefined, '12.50', 'IDR', 'name', ...fc.sample(oddValue, { numRuns: 60, seed: 2 })]
    for (const kind of ['outcome', 'order', 'message'] as const) {
      const facts = kind === 'outcome' ? { direction: 'outbound', sender: 'agent', text: null } : {}
      const event = { ...messageEvent(), kind, ...facts }
      const base = { ...(kind === 'outcome' ? { name: 'qualified' } : {}), value: '1', currency: 'IDR' }
      for (const field of ['name', 'value', 'currency', 'reference', 'unknown'])
        for (const value of values) judged[`${agrees({ ...event, outcome: { ...base, [field]: value } })}`] += 1
      for (const [field, value] of Object.entries({ direction: 'inbound', sender: 'user', text: 'hola', kind: 'edit' }))
        judged[`${agrees({ ...event, outcome: base, [field]: value })}`] += 1
    }
    expect(judged.true).toBeGreaterThan(100)
    expect(judged.false).toBeGreaterThan(100)
  })

  it('judges the fields of a referral as the gateway does', () => {
    const [event] = fc.sample(anyEvent, { numRuns: 1, seed: 1 })
    for (const field of ['source', 'ref', 'adId', 'advertiserId', 'clickId', 'url', 'unknown'])
      for (const value of fc.sample(oddValue, { numRuns: 60, seed: 2 }))
        agrees({ ...event, referral: { source: 'other', [field]: value } })
  })
})
