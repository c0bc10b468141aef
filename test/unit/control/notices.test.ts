import { type NoticeFacts, noticesOf } from '../../../services/control/overview/notices.ts'
import { refusedMappingsOf } from '../../../services/control/overview/refused-mappings.ts'
import { groupProblems } from '../../../services/control/overview/root-causes.ts'
import type { StageInstances } from '../../../services/control/stage-probes.ts'

const facts = (more: Partial<NoticeFacts>): NoticeFacts => ({
  ...{
    openDeadLetters: 0,
    openByCode: {},
    unconnected: 0,
    keywordLists: 1,
    shadowOnly: [],
    notHeardOf: [],
    refusedMappings: [],
    processes: [],
  },
  ...{ connections: [{ status: 'active' }], refused: [], now: 0 },
  activity: { minutes: 10, refused: {}, dropped: {}, deadLettered: {} },
  ...more,
})

describe('the notices of processes', () => {
  const running = { stage: 'ingest', state: 'running', host: 'a', address: 'http://a:9100/metrics', version: '0.2.0' }
  const noticesFor = (...processes: object[]) => noticesOf(facts({ processes: processes as never }))

  it('name one that runs out of reach, which is not down', () => {
    const [notice, ...more] = noticesFor(running, { ...running, state: 'out-of-reach', host: 'b' })
    expect(more).toEqual([])
    expect(notice).toMatchObject({ id: 'out-of-reach', severity: 'notice' })
    expect(notice?.text).toBe("running, and out of control's reach: ingest on b at http://a:9100/metrics")
    expect(notice?.remedy).toContain('STATUS_ADDRESS')
  })

  it('name the versions, where several run', () => {
    const [notice] = noticesFor(running, { ...running, stage: 'control', version: '0.3.0' })
    expect(notice).toMatchObject({ id: 'versions', text: 'several versions run: 0.2.0 (ingest), 0.3.0 (control)' })
    expect(noticesFor(running, running)).toEqual([])
  })

  it('say which stages were not heard of, because of Redis where it is away', () => {
    const [notice] = noticesOf(facts({ notHeardOf: ['gateway', 'ingest'] }))
    expect(notice).toMatchObject({ id: 'not-heard-of', text: 'not heard of: gateway, ingest' })
    const away = { ...(notice as NonNullable<typeof notice>), id: 'dependency:redis', broughtBy: [] }
    const groups = groupProblems([away, ...(notice ? [notice] : [])], () => null)
    expect(groups.map(({ id, effects }) => [id, effects])).toEqual([['dependency:redis', [notice?.text]]])
  })
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
  const instance = (mappings: unknown, isUnproven = false) => ({
    ...{ url: 'http://x', metrics: null, isUnproven },
    health: { details: { mappings } } as never,
  })
  const broken = {
    file: '/etc/mappings/shop.yaml',
    problem: 'shop.yaml:1: source is missing\nshop.yaml:3: rules must be array',
  }
  const duplicate = { file: '/etc/mappings/twice.yaml', problem: 'source line is in another file' }
  const refusedOf = (...gateway: readonly ReturnType<typeof instance>[]) =>
    refusedMappingsOf({
      ...{ gateway, ingest: [instance({ own: [], refused: [broken] })], attribution: [] },
      ...{ keywords: [{ url: 'http://y', metrics: null, health: null }], dispatch: [] },
    } as StageInstances)

  it('names the file once, its problem, and what to do', () => {
    const refusedMappings = refusedOf(
      instance({ own: [], refused: [broken, duplicate] }),
      instance(undefined),
      instance({ refused: 'x' }),
      instance({ refused: [{ file: 'other.yaml', problem: 'said by a stranger' }] }, true),
    )
    expect(refusedMappings).toEqual([
      { file: 'shop.yaml', problem: 'shop.yaml:1: source is missing, …' },
      { file: 'twice.yaml', problem: 'twice.yaml: source line is in another file' },
    ])
    const [notice] = noticesOf(facts({ refusedMappings }))
    expect(notice?.text).toBe('mapping files refused: 2 (shop.yaml:1: source is missing, …)')
    expect(notice?.remedy).toContain('signals mappings check')
  })
})
