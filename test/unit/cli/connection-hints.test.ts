import { hintsOf, type Known } from '../../../services/cli/commands/connections/hints.ts'

const known: Known = { sources: ['whatsapp', 'zalo'], lists: ['default', 'shop'], ruleSets: ['default'] }
const named = { source: 'zalo', keywordListId: null, ruleSetId: null }

describe('a new connection', () => {
  it.each([
    ['with defaults', named],
    ['with what is there', { source: 'whatsapp', keywordListId: 'shop', ruleSetId: 'default' }],
  ])('%s: nothing to say', (_which, connection) => expect(hintsOf(connection, known)).toEqual([]))

  it.each([
    ['source', { ...named, source: 'zallo' }, /^no mapping of a source zallo .* Sources: whatsapp, zalo$/],
    ['keyword list', { ...named, keywordListId: 'shops' }, /keyword list shops yet.*import FILE --list shops$/],
    ['rule set', { ...named, ruleSetId: 'leads' }, /rule set leads yet.*import FILE --rule-set leads$/],
  ])('that names a %s which is not there hears of it', (_what, connection, hint) =>
    expect(hintsOf(connection, known)).toEqual([expect.stringMatching(hint)]),
  )
})
