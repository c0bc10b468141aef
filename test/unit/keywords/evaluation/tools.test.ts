import { Evaluation, messageIn } from '../../../../services/keywords/evaluation/evaluate.ts'
import { explain } from '../../../../services/keywords/evaluation/explain.ts'
import { keywordCounts } from '../../../../services/keywords/keyword-metrics.ts'
import { compileInWorker } from '../../../../services/keywords/matching/compile/compile-in-worker.ts'
import { keywordEntry, keywordList, noon } from '../../../support/builders.ts'

describe('trying a list on a text', () => {
  const list = [
    keywordEntry('pago', { flag: 'payment' }),
    keywordEntry('envío', { flag: 'shipping' }),
    keywordEntry('thank you', { flag: 'thanks' }),
    keywordEntry('เงินสด', { flag: 'cash' }),
    keywordEntry('คูปองเงินสด', { flag: 'coupon' }),
  ]
  it.each([
    ['la Pagoda ya', 'pago', 'inside a longer word', 'pagoda'],
    ['https://x.example/pago', 'pago', 'inside an address', 'https://x.example/pago'],
    ['el Envio', 'envío', 'differs in accents', 'envio'],
    ['pagooo ya', 'pago', 'lengthened letters or digits glued on', 'pagooo'],
    ['hay pago100', 'pago', 'lengthened letters or digits glued on', 'pago'],
    ['thank everybody', 'thank you', 'half a phrase', 'thank'],
    ['ขอ คูปองเงินสด', 'เงินสด', 'part of a longer keyword', 'คูปองเงินสด'],
  ])('says of "%s" that %s nearly matches: %s, %s', (text, keyword, reason, written) => {
    const { matches, nearMisses } = explain(list, text)
    expect(matches.map((match) => match.keyword)).not.toContain(keyword)
    expect(nearMisses).toContainEqual(expect.objectContaining({ keyword, reason, written }))
  })

  it('says what counts and by which boundary', () => {
    expect(explain(list, 'PAGO y ฉันจ่ายเงินสดแล้ว').matches).toMatchObject([
      { keyword: 'pago', boundary: 'edge' },
      { keyword: 'เงินสด', boundary: 'segment' },
    ])
    expect(explain(list, 'hola')).toEqual({ flags: [], matches: [], nearMisses: [] })
  })
})

describe('evaluating a list', () => {
  it('counts messages per keyword and flag, only among the person’s own words', () => {
    const entries = [keywordEntry('pago'), keywordEntry('pagar'), keywordEntry('cita', { flag: 'visit' })]
    const evaluation = new Evaluation(keywordList({ entries }))
    const lines = [
      '"pago pago pagar"',
      '{"text":"un pago","textOrigin":"typed","direction":"inbound"}',
      '{"text":"nada"}',
      '{"text":"cita","textOrigin":"button"}',
      '{"text":"cita","direction":"outbound"}',
      '{"text":null}',
    ]
    for (const line of lines) evaluation.add(messageIn(line))
    expect(evaluation.figures()).toEqual({
      messages: 3,
      notLookedAt: 3,
      firing: 2,
      share: 2 / 3,
      flags: [{ flag: 'hit', messages: 2, share: 2 / 3 }],
      rareFlags: [{ flag: 'hit', conversations: 2 }],
      keywords: [
        { keyword: 'pago', flag: 'hit', messages: 2, asWord: 2, asChat: 2, asSubstring: 2 },
        { keyword: 'pagar', flag: 'hit', messages: 1, asWord: 1, asChat: 1, asSubstring: 1 },
        { keyword: 'cita', flag: 'visit', messages: 0, asWord: 0, asChat: 0, asSubstring: 0 },
      ],
    })
  })
  it('says what an entry would find as a word, in a chat and as a substring', () => {
    const evaluation = new Evaluation(keywordList({ entries: [keywordEntry('pago', { match: 'prefix' })] }))
    for (const text of ['un pago', 'pagooo', 'pago100', 'impago', 'pagos'])
      evaluation.add(messageIn(JSON.stringify(text)))
    expect(evaluation.figures().keywords).toMatchObject([{ messages: 4, asWord: 1, asChat: 3, asSubstring: 5 }])
  })

  it('names flags that fire for few conversations, however often these use them', () => {
    const entries = [keywordEntry('pago', { flag: 'payment' }), keywordEntry('cita', { flag: 'visit' })]
    const evaluation = new Evaluation(keywordList({ entries }), 3)
    const say = (text: string, conversationId: string, accountId = 'a') =>
      evaluation.add(messageIn(JSON.stringify({ text, source: 'line', accountId, conversationId })))
    for (let n = 0; n < 9; n++) say('cita', 'one')
    for (const id of ['one', 'two', 'three', 'four']) say('pago', id)
    expect(evaluation.figures().rareFlags).toEqual([{ flag: 'visit', conversations: 1 }])
    say('cita', 'one', 'b')
    say('cita', 'two')
    expect(evaluation.figures().rareFlags).toEqual([])
  })
  it.each(['{"text":5}', '7', '{"text'])('refuses a line like %s', (line) => expect(() => messageIn(line)).toThrow())
})

describe('a large list', () => {
  it('is compiled in another thread to the same answers', async () => {
    const entries = Array.from({ length: 2_500 }, (_, n) => keywordEntry(`palabra${n}`, { flag: `flag_${n % 7}` }))
    const matcher = compileInWorker(keywordList({ entries }))
    expect(matcher).toBeInstanceOf(Promise)
    expect((await matcher).flags('hay palabra12 y PALABRA20 aquí, no palabra99999')).toEqual(['flag_5', 'flag_6'])
  })

  it('that does not compile is refused', async () => {
    const entries = Array.from({ length: 2_500 }, () => keywordEntry('\u200b'))
    await expect(compileInWorker(keywordList({ entries }))).rejects.toThrow('no visible character')
  })
})

describe('a keyword hit', () => {
  it('is counted by list, flag and mode, within bounds, and shadow lists are logged once a minute', () => {
    const counted: Record<string, string>[] = []
    const logged: unknown[] = []
    let now = noon
    const count = keywordCounts({
      metrics: { count: (_name, labels) => void counted.push(labels as Record<string, string>) },
      log: { info: (facts: unknown) => void logged.push(facts) } as never,
      clock: { now: () => now },
    })
    const use = { listId: 'mx', version: 2, mode: 'shadow', flag: 'payment' } as const
    count([use, use, { ...use, mode: 'raised' }])
    expect(counted).toEqual([
      { list: 'mx', flag: 'payment', mode: 'shadow' },
      { list: 'mx', flag: 'payment', mode: 'shadow' },
      { list: 'mx', flag: 'payment', mode: 'raised' },
    ])
    expect(logged).toEqual([])
    now += 60_000
    count([])
    expect(logged).toEqual([{ list: 'mx@2', flags: { payment: 2 } }])
    count(Array.from({ length: 600 }, (_, n) => ({ ...use, flag: `f${n}` })))
    expect(counted.at(-1)).toEqual({ list: 'other', flag: 'other', mode: 'shadow' })
  })
})
