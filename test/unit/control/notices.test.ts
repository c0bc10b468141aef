import { type NoticeFacts, noticesOf } from '../../../services/control/overview/notices.ts'

const facts = (more: Partial<NoticeFacts>): NoticeFacts => ({
  ...{ openDeadLetters: 0, openByCode: {}, unconnected: 0, keywordLists: 1, shadowOnly: [], stagesWithoutAddress: [] },
  ...{ connections: [{ status: 'active' }], refused: [], now: 0 },
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
