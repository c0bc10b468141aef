import { checkResumed, parseFlags, type ReplayFlags } from '../../../../../services/cli/commands/replay/request.ts'
import { noon } from '../../../../support/builders.ts'

const at = (ms: number) => new Date(noon + ms).toISOString()
const parsed = (flags: ReplayFlags) => parseFlags(flags, noon)

describe('a replay request', () => {
  it('is by time up to now, from raw, 500 a second, unless it says otherwise', () => {
    const from = at(-60_000)
    expect(parsed({ from })).toMatchObject({ entry: 'raw', from: noon - 60_000, to: noon, rate: 500, where: [] })
    expect(parsed({ from, to: at(-1), stage: 'keywords', rate: '7', where: ['kind=order'] })).toMatchObject({
      entry: 'attributed-messages',
      to: noon - 1,
      rate: 7,
      where: [{ field: 'kind', negated: false, values: ['order'] }],
    })
  })

  it('may be offsets, or all of a file', () => {
    const offsets = { partition: 2, from: 3, to: 4 }
    expect(parsed({ fromOffset: '3', toOffset: '4', partition: '2' })).toMatchObject({ from: null, to: null, offsets })
    expect(parsed({ file: 'x.ndjson' })).toMatchObject({ from: null, to: null, offsets: null })
  })

  const from = at(-60_000)
  it.each<[ReplayFlags, RegExp]>([
    [{}, /choose what to replay/],
    [{ from: 'yesterday' }, /--from must be a time in ISO 8601/],
    [{ from, to: from }, /--to must be later than --from/],
    [{ from: at(1) }, /--from is in the future/],
    [{ from, rate: '0' }, /--rate must be at least 1/],
    [{ from, rate: 'fast' }, /--rate must be a whole number/],
    [{ from, stage: 'dispatch' }, /--stage must be one of/],
    [{ from, where: ['colour=red'] }, /there is no field "colour"/],
    [{ fromOffset: '1' }, /needs --from-offset and --to-offset/],
    [{ from, partition: '1' }, /needs --from-offset and --to-offset/],
    [{ fromOffset: '4', toOffset: '4' }, /--to-offset must be greater/],
    [{ fromOffset: '1', toOffset: '4', from }, /times or offsets, not both/],
    [{ fromOffset: '1', toOffset: '4', file: 'x' }, /--file has no offsets/],
    [{ file: 'x', stage: 'messages' }, /--stage must be raw/],
  ])('is refused with the remedy: %j', (flags, remedy) => {
    expect(() => parsed(flags)).toThrow(remedy)
  })

  it('stays the same when a run is resumed: options are refused, not ignored', () => {
    expect(() => checkResumed({ resume: 'r', json: true, yes: true })).not.toThrow()
    expect(() => checkResumed({ resume: 'r', dryRun: true })).toThrow(/sends: leave out --dry-run/)
    expect(() => checkResumed({ resume: 'r', keywordList: '2' })).toThrow(/leave out --keyword-list/)
  })
})
