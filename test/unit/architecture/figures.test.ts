import { dedupWindowMs } from '../../../services/ingest/identity.ts'
import { topics } from '../../../services/topology.ts'
import { read } from '../../support/source-code/files.ts'

const hour = 3_600_000
const units: Readonly<Record<string, number>> = {
  h: hour,
  day: 24 * hour,
  days: 24 * hour,
  years: (1_096 / 3) * 24 * hour,
}

/** `7, 30 days` → two lengths, ms. Text that names no length, such as `for ever`, is -1: no limit. */
const lengthsIn = (text: string): number[] => {
  const [, numbers = '', unit = ''] = /^(?:at least )?([\d, ]+?) (h|days?|years)/.exec(text) ?? []
  return numbers === '' ? [-1] : numbers.split(', ').map((number) => Number(number) * (units[unit] as number))
}

/** Main topics in a table of pages: name → how long its records are kept, ms. */
const keptIn = (page: string) =>
  page
    .split('\n')
    .filter((line) => line.startsWith('| `'))
    .map((line) => line.split('|').map((cell) => cell.trim()))
    .flatMap(([, where = '', , howLong = '']) => {
      const names = Array.from(where.matchAll(/`([a-z-]+\.v1)`/g), ([, name]) => name)
      const lengths = lengthsIn(howLong)
      return names.map((name, index) => [name, lengths[index] ?? lengths[0]] as const)
    })

describe('the figures of the documentation', () => {
  const specs = Object.values(topics)
  const kept = new Map(keptIn(read('docs/operations.md')))

  it.each(specs)('give the retention of $name', ({ name, retentionMs }) => {
    expect([name, kept.get(name)]).toEqual([name, retentionMs])
  })

  it.each([
    ['docs/operations.md', /`dedup:\*`.*\| (\d+) h after/],
    ['docs/operators/redis-down.md', /within (\d+) h counts again/],
    ['docs/runbooks/SignalsRedisMemory.md', /bytes for (\d+) h \(claims\)/],
    ['docs/contributing/dedup-window.md', /has let in: (\d+) h/],
  ])('give the dedup window in %s', (page, pattern) => {
    expect(pattern.exec(read(page))?.[1]).toBe(String(dedupWindowMs / hour))
  })

  it.each([
    ['docs/contracts.md', /retention \(default (\d+) h\)/],
    ['docs/operators/backfill-wanted.md', /`channel-events\.v1` holds (\d+) h/],
    ['docs/operators/bad-deploy.md', /Raw deliveries are kept for (\d+) h/],
  ])('give in %s how far back a replay reaches', (page, pattern) => {
    expect(pattern.exec(read(page))?.[1]).toBe(String(topics.channelEvents.retentionMs / hour))
  })
})
