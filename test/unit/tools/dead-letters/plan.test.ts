import { dedupWindowMs } from '../../../../services/ingest/identity.ts'
import type { FoundDeadLetter } from '../../../../services/tools/dead-letters/found.ts'
import { needsAllDeadLetters, planRedrive } from '../../../../services/tools/dead-letters/plan.ts'
import { matches, noConditions } from '../../../../services/tools/dead-letters/select.ts'
import { noon } from '../../../support/builders.ts'

const found = (offset: number, fields: Partial<FoundDeadLetter> = {}): FoundDeadLetter => ({
  id: `channel-events.ingest.dead.v1/2/${offset}`,
  place: { topic: 'channel-events.ingest.dead.v1', partition: 2, offset: BigInt(offset) },
  stage: 'ingest',
  code: 'delivery_unreadable',
  reason: 'rule text: no body',
  items: [],
  attempt: 1,
  failedAt: noon,
  originId: 'channel-events.v1/0/1',
  origin: { topic: 'channel-events.v1', partition: 2, offset: offset * 10, timestamp: noon - 1_000 },
  traceparent: null,
  redrives: 0,
  redriveOf: null,
  keyId: 'source/dead-letters',
  sealedBytes: 100,
  ...fields,
})
const byDefault = { force: false, again: false }
const hour = 3_600_000

describe('a redrive', () => {
  it('puts a record back once for all of its dead letters', () => {
    const items = [found(1), found(2, { origin: found(1).origin }), found(3)]
    const plan = planRedrive(items, new Set(), noon, byDefault)
    expect(plan.send.map(({ together }) => together.map(({ place }) => Number(place.offset)))).toEqual([[1, 2], [3]])
  })

  it('counts for all dead letters of a record, also when one alone was selected', () => {
    const [one, other] = [found(1, { code: 'item_unmappable' }), found(2, { origin: found(1).origin })]
    expect([needsAllDeadLetters([one], byDefault), needsAllDeadLetters([found(3)], byDefault)]).toEqual([true, false])
    const plan = planRedrive([one], new Set(), noon, byDefault, [one, other, found(3)])
    expect(plan.send.map(({ found: { id }, together }) => [id, together])).toEqual([[one.id, [one, other]]])
  })

  it('puts back only the last failure of a record, or each attempt would double it', () => {
    const first = [found(1), found(2, { origin: found(1).origin })]
    const second = found(3, { redrives: 1, redriveOf: found(1).id })
    const third = found(4, { redrives: 2, redriveOf: second.id })
    const chain = [...first, second, third, found(5)]
    const redriven = new Set([...first, second].map(({ id }) => id))
    const again = { ...byDefault, again: true }
    expect(needsAllDeadLetters([found(5)], again)).toBe(true)
    const plan = planRedrive(chain, redriven, noon, again, chain)
    expect(plan.send.map(({ found: { id } }) => id)).toEqual([third.id, found(5).id])
    expect(plan.skipped.failed_later).toBe(3)
    expect(planRedrive([second], redriven, noon, again, chain)).toMatchObject({
      send: [],
      skipped: { failed_later: 1 },
    })
  })

  const item = { code: 'item_unmappable' as const }
  it.each([
    ['a code that no redrive can help', found(1, { code: 'bytes_invalid' }), 'never', { force: true }],
    ['what was put back before', found(9), 'redriven', { again: true }],
    ['what failed again after a redrive', found(1, { redrives: 1 }), 'failed_again', { again: true }],
    [
      'an item whose neighbours are no longer recognised',
      found(1, { ...item, origin: { ...found(1).origin, timestamp: noon - dedupWindowMs } }),
      'claims_gone',
      { force: true },
    ],
  ] as const)('skips %s, unless an option includes it', (_what, one, reason, otherwise) => {
    const redriven = new Set([found(9).id])
    const plan = planRedrive([one], redriven, noon, byDefault)
    expect([plan.send.length, plan.skipped[reason]]).toEqual([0, 1])
    expect(planRedrive([one], redriven, noon, { ...byDefault, ...otherwise }).send).toHaveLength(1)
  })

  it('takes an item whose neighbours are still recognised, and a whole delivery of any age', () => {
    const young = found(1, { ...item, origin: { ...found(1).origin, timestamp: noon - dedupWindowMs + 2 * hour } })
    const old = found(2, { origin: { ...found(2).origin, timestamp: noon - 300 * hour } })
    expect(planRedrive([young, old], new Set(), noon, byDefault).send).toHaveLength(2)
  })

  it('does not skip a code of another version', () => {
    expect(planRedrive([found(1, { code: 'of_tomorrow' })], new Set(), noon, byDefault).send).toHaveLength(1)
  })
})

describe('dead letters are selected', () => {
  const owners = () => ({ source: 'whatsapp', connections: ['acme-wa'] })
  it.each([
    ['all of them', {}, true],
    ['by the full id', { ids: ['channel-events.ingest.dead.v1/2/7'] }, true],
    ['by stage and place', { ids: ['ingest/2/7'] }, true],
    ['not by another place', { ids: ['ingest/2/8'] }, false],
    ['by stage', { stage: 'ingest' }, true],
    ['not by another stage', { stage: 'keywords' }, false],
    ['by code', { code: 'delivery_unreadable' }, true],
    ['not by another code', { code: 'seal_broken' }, false],
    ['from its time on', { from: noon }, true],
    ['not before its time', { to: noon }, false],
    ['by source', { source: 'whatsapp' }, true],
    ['not by another source', { source: 'tiktok' }, false],
    ['by connection', { connection: 'acme-wa' }, true],
    ['only if all conditions hold', { source: 'whatsapp', connection: 'other' }, false],
  ])('%s', (_how, conditions, expected) => {
    expect(matches(found(7), { ...noConditions, ...conditions }, owners)).toBe(expected)
  })
})
