import type { Principal } from '../../../services/control/access/authenticator.ts'
import { writeList } from '../../../services/keywords/lists/store.ts'
import { writeRuleSet } from '../../../services/keywords/rules/store.ts'
import type { SignalRule } from '../../../services/shared/model/rules/rule-set.ts'
import { keywordEntry, keywordList } from '../../support/builders.ts'
import { as } from '../../support/console-access.ts'
import { openConsole } from '../../support/console-world.ts'

const viewerOfA: Principal = { actor: 'token:a', role: 'viewer', tenant: 'a', accounts: null }
const operator: Principal = { actor: 'token:o', role: 'operator', tenant: null, accounts: null }

const list = (version: number, words: readonly string[], shadow = false) =>
  keywordList({ listId: 'mx', version, shadow, entries: words.map((word) => keywordEntry(word)) })

const open = async () => {
  const world = await openConsole({
    tokens: new Map([
      ['viewer-of-a', viewerOfA],
      ['operator', operator],
    ]),
  })
  const { broker, codec } = world.own
  for (const one of [list(1, ['precio']), list(2, ['precio', 'envío']), list(3, ['envío'], true)])
    await writeList(broker, codec, one)
  const states = async () => {
    const { text } = await world.ask('GET /admin/v1/keyword-lists')
    return (JSON.parse(text) as { version: number; state: string }[]).map(({ version, state }) => `${version} ${state}`)
  }
  return { ...world, states }
}

describe('versions of keyword lists', () => {
  it('are listed newest first, with the one that is active', async () => {
    const { states } = await open()
    expect(await states()).toEqual(['3 shadow', '2 active', '1 earlier'])
  })

  it('are compared with the one before, or with the one that is named', async () => {
    const { ask } = await open()
    const words = (entries: unknown) => (entries as { keyword: string }[]).map(({ keyword }) => keyword)
    const newest = (await ask('GET /admin/v1/keyword-lists/mx')).json
    expect([newest.from, newest.to, words(newest.added), words(newest.removed), newest.same]).toEqual([
      2,
      3,
      [],
      ['precio'],
      1,
    ])
    const named = (await ask('GET /admin/v1/keyword-lists/mx?from=1&to=2')).json
    expect([named.from, named.to, words(named.added)]).toEqual([1, 2, ['envío']])
    const first = (await ask('GET /admin/v1/keyword-lists/mx?to=1')).json
    expect([first.from, words(first.added)]).toEqual([null, ['precio']])
    for (const path of ['keyword-lists/other', 'keyword-lists/mx?to=9', 'rule-sets/mx'])
      expect((await ask(`GET /admin/v1/${path}`)).status).toBe(404)
    expect((await ask('GET /admin/v1/keyword-lists/mx?to=x')).status).toBe(400)
  })

  it('are shown with what they hit, a day by default and seven at most', async () => {
    const { ask, clock } = await open()
    const day = (await ask('GET /admin/v1/keyword-lists/mx/uses')).json
    expect(day).toMatchObject({ stepMs: 86_400_000, names: [{ name: 'keyword-lists/mx' }] })
    const to = clock.now()
    const statusOf = async (path: string, token?: string) =>
      (await ask(`GET /admin/v1/${path}`, token === undefined ? {} : as(token))).status
    expect(await statusOf(`keyword-lists/mx/uses?from=${to - 7 * 86_400_000}&to=${to}`)).toBe(200)
    expect(await statusOf(`keyword-lists/mx/uses?from=${to - 8 * 86_400_000}&to=${to}`)).toBe(400)
    expect(await statusOf('keyword-lists/other/uses')).toBe(404)
    expect(await statusOf('rule-sets/mx/uses')).toBe(404)
    expect(await statusOf('keyword-lists/mx/uses', 'viewer-of-a')).toBe(403)
  })

  it('are promoted and rolled back as new versions, by the person who asked, and noted before', async () => {
    const { ask, states, own, entries } = await open()
    expect((await ask('POST /admin/v1/keyword-lists/mx/promote', { body: {} })).json).toEqual({ id: 'mx', version: 4 })
    expect(await states()).toEqual(['4 active', '3 earlier', '2 earlier', '1 earlier'])
    expect((await ask('POST /admin/v1/keyword-lists/mx/rollback', { body: { to: 1 } })).json).toEqual({
      id: 'mx',
      version: 5,
    })
    const { keywordLists } = await own.versions.cache.read()
    const active = keywordLists.active('mx')
    expect([active?.version, active?.copyOf, active?.author, active?.entries.map(({ keyword }) => keyword)]).toEqual([
      ...[5, 1, 'admin'],
      ['precio'],
    ])
    expect(entries.map(({ action, target }) => `${action} ${target}`)).toEqual(
      expect.arrayContaining(['keywords.promote mx', 'keywords.rollback mx']),
    )
  })

  it.each<[string, unknown, number]>([
    ['other/promote', {}, 404],
    ['mx/rollback', { to: 9 }, 404],
    ['mx/rollback', {}, 400],
    ['mx/rollback', { to: '1' }, 400],
    ['mx/promote', { checked: 'yes' }, 400],
  ])('stay as they are: %s %j is refused', async (path, body, status) => {
    const { ask, states } = await open()
    expect((await ask(`POST /admin/v1/keyword-lists/${path}`, { body })).status).toBe(status)
    expect(await states()).toEqual(['3 shadow', '2 active', '1 earlier'])
  })

  it('are promoted once: without a newer shadow there is nothing to promote', async () => {
    const { ask } = await open()
    await ask('POST /admin/v1/keyword-lists/mx/promote', { body: {} })
    expect((await ask('POST /admin/v1/keyword-lists/mx/promote', { body: {} })).status).toBe(409)
  })

  it('that could tell what was said do not become active, and doubtful ones only once a person has checked', async () => {
    const { ask, own } = await open()
    const letter = list(4, ['x'], true)
    await writeList(own.broker, own.codec, letter)
    expect((await ask('POST /admin/v1/keyword-lists/mx/promote', { body: { checked: true } })).json).toMatchObject({
      error: { code: 'list_refused' },
    })
    const words = Array.from({ length: 40 }, (_, n) => keywordEntry(`palabra${n}`, { flag: `f${n}` }))
    await writeList(own.broker, own.codec, keywordList({ listId: 'mx', version: 5, shadow: true, entries: words }))
    expect((await ask('POST /admin/v1/keyword-lists/mx/promote', { body: {} })).json).toMatchObject({
      error: { code: 'list_doubtful' },
    })
    expect((await ask('POST /admin/v1/keyword-lists/mx/promote', { body: { checked: true } })).status).toBe(200)
  })

  it('are tried on a text, of which nothing is kept', async () => {
    const { ask, entries } = await open()
    const text = 'secreto: ¿cuál es el precio?'
    const answer = await ask('POST /admin/v1/keyword-lists/mx/try', { body: { text } })
    expect(answer.json).toMatchObject({ version: 2, matches: [{ keyword: 'precio' }] })
    expect(answer.json.flags).toHaveLength(1)
    expect(answer.text).not.toContain('secreto')
    expect(JSON.stringify(entries)).not.toMatch(/secreto|precio/)
    expect((await ask('POST /admin/v1/keyword-lists/mx/try', { body: { text: 'adiós' } })).json).toMatchObject({
      flags: [],
    })
    for (const [id, body, status] of [
      ['mx', {}, 400],
      ['mx', { text: 'x'.repeat(16_385) }, 400],
      ['other', { text }, 404],
    ] as const)
      expect((await ask(`POST /admin/v1/keyword-lists/${id}/try`, { body })).status).toBe(status)
  })

  it('are seen by callers of all tenants, and changed by their administrators', async () => {
    const { ask } = await open()
    for (const path of ['keyword-lists', 'keyword-lists/mx', 'rule-sets'])
      expect((await ask(`GET /admin/v1/${path}`, as('viewer-of-a'))).status).toBe(403)
    expect((await ask('GET /admin/v1/keyword-lists', as('operator'))).status).toBe(200)
    expect((await ask('POST /admin/v1/keyword-lists/mx/promote', { ...as('operator'), body: {} })).status).toBe(403)
  })
})

it('versions of rule sets are listed and compared', async () => {
  const { ask, own } = await open()
  const rule = (event: string): SignalRule => ({
    ...{ event, unless: null, count: 'always', hours: null, value: false, report: 'send' },
    when: { outcome: ['paid'], flags: [], kind: null, inboundMessages: null },
  })
  const set = { ruleSetId: 'default', createdAt: 1, shadow: false, copyOf: null, author: 'ops' }
  await writeRuleSet(own.broker, own.codec, { ...set, version: 1, rules: [rule('Purchase')] })
  await writeRuleSet(own.broker, own.codec, { ...set, version: 2, rules: [rule('Purchase'), rule('Lead')] })
  expect((await ask('GET /admin/v1/rule-sets')).json).toMatchObject([
    { version: 2, state: 'active', size: 2 },
    { version: 1 },
  ])
  expect((await ask('GET /admin/v1/rule-sets/default')).json).toMatchObject({
    from: 1,
    to: 2,
    same: 1,
    added: [{ event: 'Lead' }],
  })
})
