/** The document of `/admin/v1/` says what the code does. */
import { Ajv2020 } from 'ajv/dist/2020.js'
import fc from 'fast-check'
import { adminOpenApi } from '../../../infra/api-documents/admin.ts'
import { parseDraft } from '../../../services/shared/connections/connection-file.ts'
import { parsePerson } from '../../../services/tools/persons/person.ts'
import { openConsole } from '../../support/console-world.ts'

type Responses = Record<string, { content: { 'application/json': { schema: object } } }>

const document = JSON.parse(JSON.stringify(adminOpenApi())) as {
  paths: Record<string, Record<string, { operationId: string; responses: Responses }>>
  components: { schemas: Record<string, object> }
}
const ajv = new Ajv2020({ strict: false })
const inPlace = (schema: object) => JSON.parse(JSON.stringify(schema).replaceAll('#/components/schemas/', '#/$defs/'))
const compile = (schema: object) => ajv.compile({ ...inPlace(schema), $defs: inPlace(document.components.schemas) })

const file = {
  ...{ connectionId: 'acme', tenantId: 't', source: 'whatsapp', accountId: '55' },
  ...{ advertiserId: '700', eventSetId: '900', accessToken: 'token-by-hand' },
}
const person = { source: 'whatsapp', accountId: '55', conversationId: '55:5215550001' }

describe('the document of the admin API', () => {
  it('gives each operation a name of its own, and refers to schemas that are there', () => {
    const names = Object.values(document.paths).flatMap((methods) =>
      Object.values(methods).map(({ operationId }) => operationId),
    )
    expect(new Set(names).size).toBe(names.length)
    for (const schema of Object.values(document.components.schemas)) expect(() => compile(schema)).not.toThrow()
  })

  it('describes the answers of every operation, also where it refuses', async () => {
    const { ask } = await openConsole()
    const asked: readonly (readonly [string, string, string, unknown?])[] = [
      ['POST', 'connections', '', file],
      ['POST', 'connections', '', file],
      ['POST', 'connections', '', { ...file, tenantId: '' }],
      ['GET', 'connections', ''],
      ['GET', 'connections/{id}', 'acme'],
      ['GET', 'connections/{id}', 'unknown'],
      ['POST', 'connections/{id}/pause', 'acme'],
      ['POST', 'connections/{id}/resume', 'acme'],
      ['GET', 'connections/{id}/deliveries', 'acme'],
      ['GET', 'connection-search', '?text=ac&size=10'],
      ['GET', 'connection-search', '?size=0'],
      ['GET', 'overview', ''],
      ['GET', 'history', '?from=1&to=2'],
      ['GET', 'history', '?from=2&to=1'],
      ['GET', 'runbooks/{id}', 'SignalsLate'],
      ['GET', 'runbooks/{id}', 'SignalsUnknown'],
      ['GET', 'dead-letter-causes', ''],
      ['GET', 'dead-letters', '?page=1'],
      ['GET', 'replays', ''],
      ['GET', 'redrives', ''],
      ['GET', 'topics', ''],
      ['GET', 'topics/{id}', 'redrives.v1'],
      ['GET', 'topics/{id}', 'unknown'],
      ['GET', 'access', ''],
      ['POST', 'redrives', '', { stage: 'ingest', code: 'event_invalid' }],
      ['POST', 'discards', '', { stage: 'ingest', code: 'event_invalid' }],
      ['GET', 'replay-jobs', ''],
      ['POST', 'replay-jobs', '', { from: 1 }],
      ['POST', 'replay-stops', '', {}],
      ['POST', 'replays/{id}/resume', 'unknown', {}],
      ['POST', 'replays/{id}/cancel', 'unknown', {}],
      ['POST', 'keyword-lists/{id}/import', 'mx', { file: 'a2V5d29yZCxmbGFnCg==' }],
      ['POST', 'keyword-lists/{id}/evaluate', 'unknown', { file: 'e30=' }],
      ['POST', 'rule-sets/{id}/evaluate', 'unknown', { file: 'e30=' }],
      ['POST', 'rule-sets/{id}/import', 'mx', { file: 'e30=' }],
      ['POST', 'rule-sets/{id}/promote', 'unknown', {}],
      ['POST', 'rule-sets/{id}/rollback', 'unknown', { to: 1 }],
      ['GET', 'keyword-lists', ''],
      ['GET', 'keyword-lists/{id}', 'unknown'],
      ['POST', 'keyword-lists/{id}/try', 'unknown', { text: 'hola' }],
      ['POST', 'keyword-lists/{id}/promote', 'unknown', {}],
      ['POST', 'keyword-lists/{id}/rollback', 'unknown', {}],
      ['GET', 'rule-sets', ''],
      ['GET', 'rule-sets/{id}', 'unknown'],
      ['POST', 'authorisations', '', { connectionId: 'acme' }],
      ['POST', 'authorisations', '', {}],
      ['GET', 'authorisations/{id}', 'unknown'],
      ['POST', 'persons/forget', '', person],
      ['POST', 'persons/export', '', {}],
      ['GET', 'audit', ''],
      ['GET', 'audit', '?limit=0'],
      ['POST', 'login-links', '', {}],
      ['POST', 'login-links', '', { role: 'emperor' }],
      ['POST', 'connections/{id}/disconnect', 'acme'],
      ['POST', 'connections/{id}/resume', 'acme'],
    ]
    for (const [method, path, id, body] of asked) {
      const address = `/admin/v1/${path.includes('{id}') ? path.replace('{id}', id) : path + id}`
      const answer = await ask(`${method} ${address}`, body === undefined ? {} : { body })
      const described = document.paths[`/admin/v1/${path}`]?.[method.toLowerCase()]?.responses[answer.status]
      expect([method, address, answer.status, described === undefined]).toEqual([method, address, answer.status, false])
      const judge = compile(described?.content['application/json'].schema as object)
      judge(JSON.parse(answer.text))
      expect([address, judge.errors ?? []]).toEqual([address, []])
    }
  })

  /** Of an extractor, which fields go together is judged by code alone; the document says so. */
  it('takes and refuses the connections that the code does', () => {
    const judge = compile({ $ref: '#/components/schemas/ConnectionDraft' })
    const names = Object.keys((document.components.schemas.ConnectionDraft as { properties: object }).properties)
    const odd = fc.constantFrom<unknown>(
      ...[null, '', 0, 1, 1.5, -1, 29, 601, true, [], ['x'], [1], {}, 'text', 'UPPER', 'a b', 'x\u200b', 'é', 1e12],
      ...['inbound', 'typed', ['inbound'], ['typed'], ['a', 'b', 'c', 'd', 'e', 'f'], 'x'.repeat(300)],
    )
    const takes = (value: unknown) => {
      try {
        parseDraft(value)
        return true
      } catch {
        return false
      }
    }
    const field = fc.constantFrom(...names, 'unknown')
    fc.assert(
      fc.property(field, fc.option(odd, { nil: undefined }), (name, value) => {
        const given = JSON.parse(JSON.stringify({ ...file, [name]: value }))
        expect([name, value, judge(given)]).toEqual([name, value, takes(given)])
      }),
      { numRuns: 2_000 },
    )
  })

  it.each<[string, object]>([
    ['whole', {}],
    ['without an id', { conversationId: undefined }],
    ['with an empty id', { conversationId: '' }],
    ['with a long id', { accountId: 'x'.repeat(257) }],
    ['with a source in capitals', { source: 'WhatsApp' }],
    ['with another field', { name: 'Ana' }],
  ])('takes and refuses a person %s as the code does', (_what, fields) => {
    const given = JSON.parse(JSON.stringify({ ...person, ...fields }))
    let isTaken = true
    try {
      parsePerson(given)
    } catch {
      isTaken = false
    }
    expect(compile({ $ref: '#/components/schemas/Person' })(given)).toBe(isTaken)
  })
})
