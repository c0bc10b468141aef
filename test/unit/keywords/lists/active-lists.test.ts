import { KeywordLists } from '../../../../services/keywords/lists/active-lists.ts'
import { diffLists } from '../../../../services/keywords/lists/diff.ts'
import { KeywordArchive } from '../../../../services/keywords/lists/versions.ts'
import { MissingIds } from '../../../../services/keywords/versions/missing.ts'
import { ConnectionDirectory } from '../../../../services/shared/connections/directory.ts'
import { connectionRecord, keywordEntry, keywordList, noon } from '../../../support/builders.ts'

const list = (listId: string, version: number, keyword: string, shadow = false) =>
  keywordList({ listId, version, shadow, createdAt: noon + version * 1000, entries: [keywordEntry(keyword)] })

const empty = { flags: () => [], entries: () => [], hits: () => [] }

const compiledLists = async (...records: readonly ReturnType<typeof list>[]) => {
  const lists = new KeywordLists()
  for (const record of records) lists.stage(record)
  await lists.compilePending()
  return lists
}

describe('the active lists', () => {
  it('are those of the highest version, whatever the order of the records', async () => {
    const lists = await compiledLists(list('default', 2, 'dos'), list('default', 1, 'uno'))
    expect(lists.get('default')?.version).toBe(2)
    expect(lists.get('default')?.matcher.flags('dos')).toEqual(['hit'])
    expect(lists.get('other')).toBeUndefined()
  })

  it('are compiled once, for any number of earlier versions', async () => {
    const compiled: number[] = []
    const lists = new KeywordLists(({ version }) => {
      compiled.push(version)
      return empty
    })
    for (const version of [1, 2, 3]) lists.stage(list('default', version, 'x'))
    await lists.compilePending()
    await lists.compilePending()
    expect(compiled).toEqual([3])
  })

  it('stay as they are while a new version compiles, and when it does not compile', async () => {
    const lists = await compiledLists(list('default', 1, 'uno'))
    lists.stage(list('default', 2, 'dos'))
    expect(lists.get('default')?.version).toBe(1)
    const failing = new KeywordLists(({ version }) => {
      if (version === 2) throw new Error('does not compile')
      return empty
    })
    failing.stage(list('default', 1, 'uno'))
    await failing.compilePending()
    failing.stage(list('default', 2, 'dos'))
    const refused: number[] = []
    await failing.compilePending(undefined, ({ version }) => refused.push(version))
    expect(refused).toEqual([2])
    expect(failing.get('default')?.version).toBe(1)
  })
})

describe('a connection', () => {
  const all = [list('default', 1, 'a'), list('mx', 4, 'b'), list('promo', 2, 'c')]
  it.each([
    ['its own list', { keywordListId: 'promo', market: 'mx' }, 'promo'],
    ["its market's list", { keywordListId: null, market: 'mx' }, 'mx'],
    ['the default list where its market has none', { keywordListId: null, market: 'br' }, 'default'],
    ['the default list', { keywordListId: null, market: null }, 'default'],
    ['no list where its own does not exist', { keywordListId: 'nosuch', market: 'mx' }, undefined],
  ])('is matched against %s', async (_what, choice, expected) => {
    const lists = await compiledLists(...all)
    expect(lists.of(connectionRecord(choice)).active?.listId).toBe(expected)
  })

  it('is counted by its shadow lists, and by a newer shadow version of its own list', async () => {
    const lists = await compiledLists(...all, list('default', 2, 'd', true), list('mx', 3, 'e', true))
    const of = (fields: Parameters<typeof connectionRecord>[0]) => {
      const { active, shadows } = lists.of(connectionRecord(fields))
      return [active?.version, shadows.map(({ listId, version }) => `${listId}@${version}`)]
    }
    expect(of({})).toEqual([1, ['default@2']])
    expect(of({ market: 'mx' })).toEqual([4, []]) // version 4 ended the shadow version 3
    expect(of({ market: 'mx', shadowListIds: ['promo', 'nosuch'] })).toEqual([4, ['promo@2']])
  })

  it('that names a missing list is reported once, and again if it was fixed in between', async () => {
    const directory = new ConnectionDirectory()
    directory.apply('acme-wa', connectionRecord({ keywordListId: 'mx', shadowListIds: ['next'] }))
    directory.apply('gone', connectionRecord({ connectionId: 'gone', keywordListId: 'x', status: 'disconnected' }))
    const lists = new KeywordLists()
    const missing = new MissingIds(directory, (connection) => lists.missingOf(connection))
    expect(missing.newlyMissing().map(({ id }) => id)).toEqual(['mx', 'next'])
    expect(missing.newlyMissing()).toEqual([])
    lists.stage(list('mx', 1, 'a'))
    await lists.compilePending()
    expect(missing.newlyMissing()).toEqual([])
    directory.apply('acme-wa', connectionRecord({ keywordListId: 'br' }))
    expect(missing.newlyMissing()).toEqual([{ connectionId: 'acme-wa', id: 'br' }])
  })
})

describe('the archive', () => {
  const archive = new KeywordArchive([list('mx', 3, 'c', true), list('mx', 1, 'a'), list('mx', 2, 'b')])

  it('finds a version by its number', () => {
    expect(archive.atVersion('mx', 1)?.entries[0]?.keyword).toBe('a')
    expect(archive.atVersion('mx', 9)).toBeUndefined()
  })

  it('knows the active version, the shadow version and the next number', () => {
    expect(archive.active('mx')?.version).toBe(2)
    expect(archive.shadow('mx')?.version).toBe(3)
    expect(archive.nextVersion('mx')).toBe(4)
    expect(archive.nextVersion('br')).toBe(1)
  })
})

describe('the difference between two versions', () => {
  it('is the entries added, removed and changed in their options', () => {
    const before = [
      keywordEntry('pago'),
      keywordEntry('envío'),
      keywordEntry('cita'),
      keywordEntry('cita', { flag: 'b' }),
    ]
    const after = [
      keywordEntry('PAGO'),
      keywordEntry('envío', { fold: 'accents' }),
      keywordEntry('cita', { flag: 'c' }),
    ]
    const { added, removed, changed, same } = diffLists(before, after)
    expect(added).toEqual([keywordEntry('cita', { flag: 'c' })])
    expect(removed.map(({ keyword, flag }) => `${keyword} ${flag}`)).toEqual(['cita hit', 'cita b'])
    expect(changed.map(({ after }) => after.fold)).toEqual(['accents'])
    expect(same).toBe(1)
  })
})
