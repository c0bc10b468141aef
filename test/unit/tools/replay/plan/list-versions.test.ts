import type { KeywordListRecord } from '../../../../../services/shared/model/keyword-list.ts'
import { ListVersions } from '../../../../../services/tools/replay/plan/list-versions.ts'
import { type ListPin, parsePin } from '../../../../../services/tools/replay/plan/pinned-versions.ts'
import { keywordEntry, noon } from '../../../../support/builders.ts'

const list = (version: number, createdAt: number, keyword: string, listId = 'default'): KeywordListRecord => ({
  listId,
  version,
  createdAt,
  entries: [keywordEntry(keyword)],
  shadow: false,
  copyOf: null,
  author: null,
  checked: false,
})
const records = [
  list(3, noon + 200, 'three'),
  list(1, noon, 'one'),
  list(2, noon + 100, 'two'),
  list(1, noon + 50, 'own', 'shop'),
]

/** Versions against which a message that came at `receivedAt` is matched. */
const versions = async (pin: ListPin, receivedAt: number) => {
  const listVersions = new ListVersions(records, pin)
  const lists = await listVersions.lists(listVersions.countAt(receivedAt))
  return ['default', 'shop'].map((listId) => lists.get(listId)?.version ?? null)
}

describe('a replayed message is matched', () => {
  it.each([
    ['before the first list by none', noon - 1, [null, null]],
    ['by the list of its time', noon, [1, null]],
    ['by each list of its time', noon + 99, [1, 1]],
    ['by a version from its first moment on', noon + 100, [2, 1]],
    ['by the last one, long after', noon + 9_999, [3, 1]],
  ])('%s', async (_what, receivedAt, expected) => {
    expect(await versions({ kind: 'then' }, receivedAt)).toEqual(expected)
  })

  it('by the pinned version, whenever it came, and by other lists at their latest version', async () => {
    expect(await versions({ kind: 'version', listId: null, version: 2 }, noon - 1)).toEqual([2, 1])
    expect(await versions({ kind: 'version', listId: 'default', version: 1 }, noon + 9_999)).toEqual([1, 1])
    expect(await versions({ kind: 'version', listId: 'shop', version: 1 }, noon)).toEqual([3, 1])
  })

  it('by the lists that were active when the run began', async () => {
    expect(await versions({ kind: 'at', time: noon + 150 }, noon - 1)).toEqual([2, 1])
  })
})

describe('--keyword-list', () => {
  const pinnable = {
    ...{ option: '--keyword-list', noun: 'keyword list', form: 'LIST@VERSION', command: 'signals keywords list' },
    versions: records.map(({ listId, version }) => ({ id: listId, version })),
  }

  it.each([
    ['then', { kind: 'then' }],
    ['latest', { kind: 'at', time: noon }],
    ['2', { kind: 'version', listId: null, version: 2 }],
    ['shop@1', { kind: 'version', listId: 'shop', version: 1 }],
  ])('%s is understood', (text, expected) => expect(parsePin(text, pinnable, noon)).toEqual(expected))

  it.each([
    ['9', /there is no keyword list 9/],
    ['shop@2', /there is no keyword list shop@2/],
    ['newest', /must be a version, LIST@VERSION, "latest" or "then"/],
  ])('%s is refused', (text, expected) => expect(() => parsePin(text, pinnable, noon)).toThrow(expected))
})

describe('a newer list than the one that a message is matched against', () => {
  const hasNewer = (pin: ListPin, receivedAt: number) => {
    const listVersions = new ListVersions(records, pin)
    return listVersions.hasNewer(listVersions.countAt(receivedAt))
  }

  it.each<[string, ListPin, number, boolean]>([
    ['exists for an older message', { kind: 'then' }, noon + 100, true],
    ['does not exist for the latest', { kind: 'then' }, noon + 200, false],
    ['does not matter to a run by the latest lists', { kind: 'at', time: noon }, noon, false],
    ['exists for an older version', { kind: 'version', listId: null, version: 2 }, noon, true],
    [
      'does not exist for the highest version of the list',
      { kind: 'version', listId: 'shop', version: 1 },
      noon,
      false,
    ],
  ])('%s', (_what, pin, receivedAt, expected) => expect(hasNewer(pin, receivedAt)).toBe(expected))

  it('is no shadow version', () => {
    const shadow = { ...list(4, noon + 300, 'four'), shadow: true }
    const listVersions = new ListVersions([...records, shadow], { kind: 'then' })
    expect(listVersions.hasNewer(listVersions.countAt(noon + 200))).toBe(false)
  })

  it('is compiled apart, whatever the pin', async () => {
    const listVersions = new ListVersions(records, { kind: 'version', listId: null, version: 1 })
    expect((await listVersions.latest()).get('default')?.version).toBe(3)
  })
})
