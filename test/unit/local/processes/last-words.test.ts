import { lastWords } from '../../../../services/local/processes/last-words.ts'

const line = (level: string, more: object) => `${JSON.stringify({ level, ...more })}\n`

describe('the last words of a process', () => {
  it.each<[string, string, string | null]>([
    ['none', '', null],
    ['a log without anything grave', line('info', { msg: 'stopping' }), null],
    [
      'a grave line before the last',
      line('fatal', { msg: 'wrong configuration', problems: ['A: is not set', 'B: must be a number'] }) +
        line('info', { msg: 'stopped' }),
      'wrong configuration: A: is not set: B: must be a number',
    ],
    ['the newest grave line', line('error', { msg: 'one' }) + line('error', { msg: 'two' }), 'two'],
    [
      'an error of Node',
      "file:///x.ts:1\nthrow new Error('x')\nError: Cannot find package\n    at resolve (x)\nNode.js v24.1.0\n",
      'Error: Cannot find package',
    ],
    [
      'an error of the engine, without what it quotes',
      `SyntaxError: Unexpected token 'h', "hola, ya hice el pago" is not valid JSON\n    at parse (x)\n`,
      `SyntaxError: Unexpected token 'h', "…" is not valid JSON`,
    ],
    ['a line that was cut off', `el":"fatal","msg":"x"}\n${line('error', { msg: 'whole' })}`, 'whole'],
  ])('are %s', (_what, output, words) => expect(lastWords(output)).toBe(words))

  it('are cut', () => expect(lastWords(line('error', { msg: 'x'.repeat(5_000) }))).toHaveLength(600))
})
