/** The types that the console is compiled with are those of the admin API. */
import { adminOpenApi } from '../../../infra/api-documents/admin.ts'
import { clientTypes, clientTypesFile } from '../../../infra/api-documents/client-types.ts'
import { read } from '../../support/source-code/files.ts'

describe("the types of the console's client", () => {
  it('hold for each operation and schema that they name; `make api-documents` adds what is new', () => {
    const drawn = new Set(clientTypes(adminOpenApi()).split('\n'))
    const wrong = read(clientTypesFile)
      .split('\n')
      .filter((line) => !drawn.has(line))
    expect(wrong).toEqual([])
  })

  it('follow the document: optional and nullable fields, lists, choices, maps', () => {
    const text = { type: 'string' }
    const document = {
      components: {
        schemas: {
          Thing: {
            type: 'object',
            required: ['id'],
            properties: {
              id: text,
              kind: { enum: ['a', 'b'] },
              'at-all': { anyOf: [{ type: 'integer' }, { type: 'null' }] },
            },
          },
          Counts: { type: 'object', additionalProperties: { type: 'number' } },
        },
      },
      paths: {
        '/admin/v1/things/{id}': {
          get: {
            parameters: [{ name: 'page', in: 'query', schema: { type: 'integer' } }],
            responses: {
              200: { content: { 'application/json': { schema: { type: 'array', items: { $ref: '#/c/Thing' } } } } },
              404: { content: { 'application/json': { schema: text } } },
            },
          },
        },
      },
    }
    expect(clientTypes(document)).toContain(
      "Thing: { readonly id: string; readonly kind?: 'a' | 'b' | undefined; readonly 'at-all'?: number | null | undefined }",
    )
    expect(clientTypes(document)).toContain('Counts: Readonly<Record<string, number>>')
    expect(clientTypes(document)).toContain(
      "'GET things/{id}': { query: { readonly page?: number | undefined }; body: undefined; answer: readonly (ApiSchemas['Thing'])[] }",
    )
  })
})
