import { parseLookUp } from '../../../../services/gateway/look-up/request.ts'
import { problemOf } from '../../../support/http-status.ts'

const asked = { source: 'whatsapp', accountId: '106', conversationId: '106:5215550001111' }
const refused = (body: string) => problemOf(() => parseLookUp(Buffer.from(body)))

describe('the body of a look-up', () => {
  it('names a conversation by the ids of its source', () => {
    expect(parseLookUp(Buffer.from(JSON.stringify(asked)))).toEqual(asked)
  })

  it.each<[string, string, string]>([
    ['no JSON', '{', 'must be JSON'],
    ['a list', '[]', 'send an object'],
    ['a field missing', JSON.stringify({ ...asked, conversationId: undefined }), 'conversationId must be a text'],
    ['a number', JSON.stringify({ ...asked, accountId: 106 }), 'accountId must be a text'],
    ['an empty id', JSON.stringify({ ...asked, accountId: '' }), 'accountId must be a text'],
    ['no name of a source', JSON.stringify({ ...asked, source: 'Whats App' }), 'source must be the name of a source'],
    [
      'a long id',
      JSON.stringify({ ...asked, conversationId: 'x'.repeat(513) }),
      'conversationId must have at most 512',
    ],
    [
      'another field',
      JSON.stringify({ ...asked, phone: '5215550001111' }),
      'source, accountId and conversationId only',
    ],
  ])('is refused with %s, naming the field and quoting nothing', (_name, body, message) => {
    const problem = refused(body)
    expect(problem).toMatchObject({ status: 400, message: expect.stringContaining(message) })
    expect(problem?.message).not.toContain('5215550001111')
  })
})
