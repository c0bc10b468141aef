import { type NoticeFacts, noticesOf } from '../../../services/control/overview/notices.ts'
import { refusedMappingsOf } from '../../../services/control/overview/refused-mappings.ts'
import type { StageInstances } from '../../../services/control/stage-probes.ts'

const facts = (more: Partial<NoticeFacts>): NoticeFacts => ({
  ...{ openDeadLetters: 0, openByCode: {}, unconnected: 0, keywordLists: 1, shadowOnly: [], stagesWithoutAddress: [] },
  ...{ connections: [{ status: 'active' }], refused: [], refusedMappings: [], now: 0 },
  activity: { minutes: 10, refused: {}, dropped: {}, deadLettered: {} },
  ...more,
})

describe('the notice of open dead letters', () => {
  it('names the codes of most of them, and what to do', () => {
    const openByCode = { seal_broken: 2, item_unmappable: 40, bytes_invalid: 7, too_large: 1 }
    const [notice] = noticesOf(facts({ openDeadLetters: 50, openByCode }))
    expect(notice?.text).toBe('open dead letters: 50 (item_unmappable 40, bytes_invalid 7, seal_broken 2)')
    expect(notice?.remedy).toContain('signals dead-letters list')
  })

  it('is there also where control keeps none of them', () => {
    expect(noticesOf(facts({ openDeadLetters: 3 }))[0]?.text).toBe('open dead letters: 3')
  })

  it('is not there without any', () => {
    expect(noticesOf(facts({}))).toEqual([])
  })
})

describe('the notice of refused mappings', () => {
  const instance = (mappings: unknown) => ({
    url: 'http://x',
    metrics: null,
    health: { details: { mappings } } as never,
  })
  const broken = { file: '/etc/mappings/shop.yaml', problem: 'line 3: source is missing' }
  const refusedOf = (...gateways: readonly ReturnType<typeof instance>[]) =>
    refusedMappingsOf({
      ...{ gateway: gateways, ingest: [instance({ own: [], refused: [broken] })], attribution: [] },
      ...{ keywords: [{ url: 'http://y', metrics: null, health: null }], dispatch: [] },
    } as StageInstances)

  it('names the file once, its problem, and what to do', () => {
    const refusedMappings = refusedOf(
      instance({ own: [], refused: [broken] }),
      instance(undefined),
      instance({ refused: 'x' }),
    )
    expect(refusedMappings).toEqual([{ file: 'shop.yaml', problem: 'line 3: source is missing' }])
    const [notice] = noticesOf(facts({ refusedMappings }))
    expect(notice?.text).toBe('mapping files refused: 1 (shop.yaml: line 3: source is missing)')
    expect(notice?.remedy).toContain('signals mappings check')
  })
})
