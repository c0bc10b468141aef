import { countsText, planText } from '../../../../../services/cli/commands/replay/output.ts'
import { decidingReport, sendingReport } from '../../../../../services/cli/commands/replay/progress.ts'
import type { Plan } from '../../../../../services/tools/replay/plan/plan.ts'
import { ReplayCounts } from '../../../../../services/tools/replay/plan/replay-counts.ts'
import type { Prepared } from '../../../../../services/tools/replay/run/run.ts'
import { signal } from '../../../../support/builders.ts'

describe('the progress of a replay', () => {
  it('tells how much is decided, how fast, and how long it still takes', () => {
    const { json, share, text } = decidingReport({ records: 500, all: 2_000, share: 0.25 }, 5)
    expect(json).toEqual({ phase: 'deciding', records: 500, of: 2_000, share: 0.25, rate: 100, secondsLeft: 15 })
    expect([share, text]).toEqual([0.25, '500 of 2000 decided, 100/s, 15 s left'])
  })

  it('leaves out what is unknown: the events of a file, the time left at the start', () => {
    const { json, text } = decidingReport({ records: 0, all: null, share: 0 }, 0)
    expect(json).toMatchObject({ of: null, rate: 0, secondsLeft: null })
    expect(text).toBe('0 decided, 0/s')
  })

  it('tells what is sent, and that it waits while live traffic is behind', () => {
    const progress = { published: 50, all: 200, rate: 0, liveLagSeconds: 3, secondsLeft: null }
    const { share, text } = sendingReport(progress)
    expect([share, text]).toEqual([0.25, '50 of 200  0/s, waits for live traffic, live 3 s behind'])
  })
})

describe('the result of a replay', () => {
  const planOf = (fields: Partial<Plan>): Plan => ({
    counts: new ReplayCounts(),
    fresh: [],
    published: 0,
    skipped: { paused: 0, expired: 0 },
    records: 3,
    messages: 0,
    unseen: 0,
    outcomes: {},
    fileProblems: [],
    fileProblemCount: 0,
    foundByNewerLists: null,
    foundByNewerRules: null,
    ...fields,
  })
  const prepared = (path: string | null): Prepared =>
    ({
      request: { rate: 100, file: path === null ? null : { path, bytes: 1, hash: '' } },
      range: { offsets: [], leftToLive: 0, keptSince: null },
    }) as unknown as Prepared

  it('names the calls and the time', () => {
    const fresh = ['a', 'b'].map((connectionId) => ({ signal: signal({ connectionId }), consent: '0' }))
    expect(planText(planOf({ fresh }), prepared(null))).toMatch(/about 2 calls, 1 s at 100 signals a second/)
  })

  it('says what newer keyword lists would find', () => {
    expect(planText(planOf({ foundByNewerLists: 50 }), prepared(null))).toMatch(
      /--keyword-list latest would find 50 more/,
    )
    expect(planText(planOf({ foundByNewerRules: 50 }), prepared(null))).toMatch(
      /newer rule sets exist than those used here: --rule-set latest would find 50 more/,
    )
    expect(planText(planOf({ foundByNewerLists: 0 }), prepared(null))).toMatch(/latest would find no more/)
    expect(planText(planOf({}), prepared(null))).not.toMatch(/--keyword-list/)
  })

  it('says why messages are missing', () => {
    const outcomes = { 'dropped no_connection': 2, 'dropped no_signal': 9, 'deadLettered item_unmappable': 1 }
    const text = planText(planOf({ outcomes }), prepared(null))
    expect(text).toMatch(/2 left out: their account has no connection/)
    expect(text).toMatch(/1 cannot be processed: item_unmappable/)
    expect(text).not.toMatch(/no_signal/)
  })

  it('names lines of a file, items of a container, and how many more there are', () => {
    const wrong = { fileProblems: [{ place: 7, problem: 'text: too long' }], fileProblemCount: 30 }
    expect(planText(planOf(wrong), prepared('x.ndjson'))).toMatch(/30 of the file .*\n {2}line 7: text.*\n.*29 more/)
    expect(planText(planOf(wrong), prepared('x.avro'))).toMatch(/item 7: text/)
  })

  it('is printed at the end, also of a run that ended before it had decided', () => {
    expect(countsText({ new: 2, reported: 1, published: 2, accepted: 2, waiting: 0 })).toBe(
      '2 new, 1 already reported; 2 published, 2 accepted',
    )
    expect(countsText({ new: 0, reported: 4, waiting: 0 })).toBe('0 new, 4 already reported')
    expect(countsText({})).toBe('nothing was decided, nothing was sent')
  })
})
