import {
  connectionRecordOf,
  disconnect,
  pause,
  reconnect,
  resume,
} from '../../../../services/shared/connections/connection.ts'
import { ConnectionInvalid, parseConnection } from '../../../../services/shared/connections/connection-file.ts'
import { ConnectionDirectory } from '../../../../services/shared/connections/directory.ts'
import { firstGroup, patternProblem } from '../../../../services/shared/connections/extractors/extractors.ts'
import { TransitionRefused } from '../../../../services/shared/connections/status.ts'
import { connectionRecord, noon, testKeyring } from '../../../support/builders.ts'

const enough = {
  connectionId: 'acme-wa',
  tenantId: 'acme',
  source: 'whatsapp',
  accountId: '106540352242922',
  advertiserId: '7000000000001',
  eventSetId: '9000000000001',
  accessToken: 'a-secret-token',
}
const problem = (input: unknown): string => {
  try {
    parseConnection(input)
  } catch (error) {
    if (error instanceof ConnectionInvalid) return error.message
    throw error
  }
  return 'none'
}

describe('a connection', () => {
  it('needs seven fields, the rest has defaults', () => {
    expect(parseConnection(enough)).toMatchObject({
      attributionWindowDays: 7,
      keywordOrigins: ['typed', 'caption'],
      prefilled: [],
      extractors: null,
      reportOrders: false,
      sandbox: false,
      testEventCode: null,
      outcomeKeys: [],
    })
  })

  it.each<[string, object, RegExp]>([
    ['a missing field', { ...enough, eventSetId: undefined }, /^eventSetId:/],
    ['a time in seconds', { ...enough, authorisedAt: 1_764_000_000 }, /^authorisedAt: must be milliseconds/],
    [
      'a token with a line break',
      { ...enough, accessToken: 'a-secret-token\n' },
      /^accessToken: must be the token alone/,
    ],
    ['a misspelt field', { ...enough, acessToken: 'x' }, /acessToken/],
    ['a window that is too long', { ...enough, attributionWindowDays: 90 }, /^attributionWindowDays:/],
    [
      'a pattern that backtracks',
      { ...enough, extractors: [{ from: 'text', pattern: '(a+)\\1' }] },
      /extractors\.0\.pattern: .*linear time/,
    ],
    [
      'a pattern with two groups',
      { ...enough, extractors: [{ from: 'text', pattern: '(a)(b)' }] },
      /exactly one capturing group/,
    ],
    ['a text without query or pattern', { ...enough, extractors: [{ from: 'text' }] }, /extractors\.0\.from/],
    [
      'the click id of another advertising system',
      { ...enough, extractors: [{ from: 'links', query: 'fbclid' }] },
      /extractors\.0\.query: .*never sent to TikTok/,
    ],
    ['a tenant that steers a terminal', { ...enough, tenantId: 'a\u001b[2Jb' }, /^tenantId: must not contain control/],
    ['an account with a line break', { ...enough, accountId: 'a\nb' }, /^accountId: must not contain control/],
    ['an account that runs backwards', { ...enough, accountId: 'a\u202eb' }, /^accountId: must not contain control/],
    ['an advertiser that rings', { ...enough, advertiserId: '7\u0007' }, /^advertiserId: must not contain control/],
    [
      'a pattern that takes whole texts',
      { ...enough, extractors: [{ from: 'text', pattern: '(?s)^(.*)$', firstMessages: 20 }] },
      /extractors\.0\.pattern: finds whatever a person writes: put at least 3 letters/,
    ],
    ['a query on an id', { ...enough, extractors: [{ from: 'referral.ref', query: 'x' }] }, /only urls have a query/],
  ])('is refused for %s, naming the field and never a value', (_name, input, expected) => {
    expect(problem(input)).toMatch(expected)
    expect(problem(input)).not.toContain('a-secret-token')
  })

  it('keeps its secrets sealed, and its data key when it is replaced', async () => {
    const keyring = await testKeyring()
    const first = connectionRecordOf(parseConnection({ ...enough, webhookSecret: 'hush' }), undefined, noon, keyring)
    expect(keyring.unwrap(first.accessToken as Buffer, `token:${first.connectionId}`).toString()).toBe('a-secret-token')
    expect(JSON.stringify(first)).not.toMatch(/a-secret-token|hush/)
    const second = connectionRecordOf(parseConnection({ ...enough, accessToken: 'new' }), first, noon, keyring)
    expect(second.dataKey).toEqual(first.dataKey)
  })

  it('is active again with a new token, but stays paused', async () => {
    const keyring = await testKeyring()
    const again = (status: 'reconnect' | 'paused') =>
      connectionRecordOf(parseConnection(enough), connectionRecord({ status }), noon, keyring).status
    expect(again('reconnect')).toBe('active')
    expect(again('paused')).toBe('paused')
  })

  it('changes as its state allows', () => {
    const active = connectionRecord()
    expect(pause(active, noon).status).toBe('paused')
    expect(resume(pause(active, noon), noon).status).toBe('active')
    expect(reconnect(active, noon).status).toBe('reconnect')
    expect(() => resume(reconnect(active, noon), noon)).toThrow(TransitionRefused)
    const gone = disconnect({ ...active, dataKey: Buffer.from('k'), webhookSecret: Buffer.from('s') }, noon)
    expect(gone).toMatchObject({ status: 'disconnected', accessToken: null, webhookSecret: null, dataKey: null })
    for (const change of [pause, resume]) expect(() => change(gone, noon)).toThrow(/add it again/)
    expect(reconnect(gone, noon).status).toBe('disconnected')
  })
})

describe('the directory', () => {
  it('finds by id and by account, and lets a successor take the account', () => {
    const directory = new ConnectionDirectory()
    directory.apply('a', connectionRecord({ connectionId: 'a', status: 'disconnected' }))
    directory.apply('b', connectionRecord({ connectionId: 'b' }))
    expect(directory.byAccount('whatsapp', '106540352242922')?.connectionId).toBe('b')
    directory.apply('a', connectionRecord({ connectionId: 'a', status: 'disconnected', changedAt: noon }))
    expect(directory.byAccount('whatsapp', '106540352242922')?.connectionId).toBe('b')
    directory.apply('b', null)
    expect(directory.byId('b')).toBeUndefined()
    expect(directory.all()).toHaveLength(1)
  })

  it('forgets the account that a connection had before', () => {
    const directory = new ConnectionDirectory()
    directory.apply('a', connectionRecord({ connectionId: 'a', accountId: '1' }))
    directory.apply('a', connectionRecord({ connectionId: 'a', accountId: '2' }))
    expect(directory.byAccount('whatsapp', '1')).toBeUndefined()
    expect(directory.byAccount('whatsapp', '2')?.connectionId).toBe('a')
  })
})

describe('patterns', () => {
  // Backtracking would double its steps with each character: this test would not end.
  it('run in linear time where others hang', () => {
    expect(firstGroup('^((?:a+)+)$', `${'a'.repeat(50_000)}!`)).toBeNull()
  })
  it.each(['(', '(?=x)(a)', '(a)\\1', 'x', '(a)(b)', `(${'a'.repeat(600)})`])('are refused: %s', (pattern) => {
    expect(patternProblem(pattern)).toBeDefined()
  })
  it.each(['(a+)+$', '^((?:a|b+)*)$', '([a-z]+)*x', '((?:x\\d{2,})+)', '(?:(?:a*)?b)+(c)'])(
    'are refused for a repetition without bound inside another: %s',
    (pattern) => expect(patternProblem(pattern)).toMatch(/without bound/),
  )
  it.each(['ctwa_clid=(\\w+)', 'FBCLID=([^&]+)'])('are refused for ids of other systems: %s', (pattern) =>
    expect(patternProblem(pattern)).toMatch(/another advertising system/),
  )
  it.each([
    '#(\\w+)',
    '(?:a|b)+(c+)',
    '([(a+)*]+)',
    '(?:a+){1,20}(b)',
    '(\\(a+\\))',
    '(?:\\Qa+\\E)*(b)',
    '(?:[]+]x)*(b)',
  ])('are taken: %s', (pattern) => expect(patternProblem(pattern)).toBeUndefined())
  it('give what their group captured', () => expect(firstGroup('ref:(\\w+)', 'hola ref:AB1')).toBe('AB1'))
})
