import { noticesOf } from '../../../services/control/overview/notices.ts'
import { noon } from '../../support/builders.ts'

const refusedOne = (connectionId: string | null, accountId: string | null, at: number) => ({
  ...{ source: 'whatsapp', connectionId, accountId, code: 'signature_wrong', count: 1, since: at, at },
})
const facts = (counts: Record<string, number>, refused: readonly ReturnType<typeof refusedOne>[]) => ({
  ...{ openDeadLetters: 0, openByCode: {}, connections: [{ status: 'active' }], unconnected: 0, keywordLists: 1 },
  ...{ shadowOnly: [], notHeardOf: [], refusedMappings: [], processes: [], now: noon, refused },
  activity: { minutes: 10, refused: counts, dropped: {}, deadLettered: {} },
})
const textOf = (...given: Parameters<typeof facts>) => noticesOf(facts(...given)).map(({ text }) => text)

describe('the notice of refused webhooks', () => {
  it('names connections and accounts of which something was refused of late', () => {
    const refused = [
      refusedOne('acme', null, noon),
      refusedOne(null, '66', noon),
      refusedOne(null, null, noon),
      refusedOne('earlier', null, noon - 700_000),
    ]
    expect(textOf({ 'whatsapp/signature_wrong': 3 }, refused)).toEqual([
      'webhooks refused in the last 10 minutes: 3 (whatsapp/signature_wrong 3); acme: signature_wrong, whatsapp 66: signature_wrong',
    ])
  })

  it('names three of many', () => {
    const refused = ['a', 'b', 'c', 'd'].map((id) => refusedOne(id, null, noon))
    expect(textOf({ 'whatsapp/signature_wrong': 4 }, refused)[0]).toMatch(/; a: [^,]*, b: [^,]*, c: [^,]*, …$/)
  })

  it('is there too where a webhook was taken and an account of it left out', () => {
    const [one, ...others] = noticesOf(facts({}, [refusedOne('acme', null, noon)]))
    expect([one?.id, one?.text, others]).toEqual(['refused', expect.stringContaining('; acme: signature_wrong'), []])
  })

  it('ends', () => expect(textOf({}, [refusedOne('acme', null, noon - 700_000)])).toEqual([]))
})
