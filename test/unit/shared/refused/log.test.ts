import { refusedDeliveries } from '../../../../services/shared/refused/log.ts'
import { mergeRefused, refusedOf } from '../../../../services/shared/refused/refused-deliveries.ts'
import { noon } from '../../../support/builders.ts'

const day = 86_400_000
const refusal = (fields: object = {}) => ({
  ...{ source: 'whatsapp', connectionId: null, account: null, code: 'signature_wrong', ...fields },
})

describe('what a gateway refused', () => {
  it('is counted by connection, or by the account that is named, or by source, and by reason', () => {
    const log = refusedDeliveries([])
    log.add(refusal({ connectionId: 'acme', account: '55' }), noon)
    log.add(refusal({ connectionId: 'acme', account: '55' }), noon + 1)
    log.add(refusal({ connectionId: 'acme', account: '55', code: 'signature_missing' }), noon + 2)
    log.add(refusal({ account: '66' }), noon + 3)
    log.add(refusal(), noon + 4)
    expect(log.all(noon + 5)).toEqual([
      {
        source: 'whatsapp',
        connectionId: null,
        accountId: null,
        code: 'signature_wrong',
        count: 1,
        since: noon + 4,
        at: noon + 4,
      },
      {
        source: 'whatsapp',
        connectionId: null,
        accountId: '66',
        code: 'signature_wrong',
        count: 1,
        since: noon + 3,
        at: noon + 3,
      },
      {
        source: 'whatsapp',
        connectionId: 'acme',
        accountId: null,
        code: 'signature_missing',
        count: 1,
        since: noon + 2,
        at: noon + 2,
      },
      {
        source: 'whatsapp',
        connectionId: 'acme',
        accountId: null,
        code: 'signature_wrong',
        count: 2,
        since: noon,
        at: noon + 1,
      },
    ])
    expect(log.all(noon + 5).map(refusedOf)).toEqual(['whatsapp', 'whatsapp 66', 'acme', 'acme'])
  })

  it('is kept for a day, and begins anew after it', () => {
    const log = refusedDeliveries([])
    log.add(refusal(), noon)
    expect(log.all(noon + day)).toEqual([])
    log.add(refusal(), noon + day)
    expect(log.all(noon + day)).toMatchObject([{ count: 1, since: noon + day }])
  })

  it('does not grow with the accounts that strangers name, and keeps those of connections meanwhile', () => {
    const log = refusedDeliveries([])
    log.add(refusal({ connectionId: 'acme', account: '55' }), noon)
    for (let n = 0; n < 5_000; n++) log.add(refusal({ account: `stranger-${n}` }), noon)
    for (let n = 0; n < 5_000; n++) log.add(refusal({ connectionId: `c-${n % 400}`, account: '1' }), noon)
    expect(log.all(noon).length).toBeLessThanOrEqual(600)
    expect(log.all(noon).map(refusedOf)).toContain('acme')
  })

  it('holds nothing that steers a terminal, and no long text', () => {
    const log = refusedDeliveries([])
    log.add(refusal({ account: `\u001b[2J${'x'.repeat(500)}` }), noon)
    const [{ accountId } = { accountId: '' }] = log.all(noon)
    expect(accountId).toHaveLength(64)
    expect(accountId).not.toMatch(/\p{C}/u)
  })

  it('is shown to a bearer of the token alone', () => {
    const log = refusedDeliveries(['the status token'])
    log.add(refusal(), Date.now())
    const [page] = Object.values(log.pages)
    expect(page?.('Bearer another')).toBeNull()
    expect(page?.('Bearer the status token')).toMatchObject({ refused: [{ code: 'signature_wrong' }] })
  })

  it('of several gateways adds up', () => {
    const one = { source: 's', connectionId: 'a', accountId: null, code: 'c', count: 2, since: 5, at: 6 }
    const merged = mergeRefused([{ refused: [one] }, null, { refused: [{ ...one, count: 3, since: 1, at: 9 }] }])
    expect(merged).toEqual([{ ...one, count: 5, since: 1, at: 9 }])
    expect(mergeRefused([null])).toBeNull()
  })
})
