import { splitLines } from '../../../../services/shared/text/split-lines.ts'

async function* chunksOf(...chunks: string[]) {
  yield* chunks
}
const linesOf = async (...chunks: string[]) => {
  const lines: string[] = []
  for await (const line of splitLines(chunksOf(...chunks))) lines.push(line)
  return lines
}

describe('lines', () => {
  it.each([
    [['a\nb\n'], ['a', 'b']],
    [['a\nb'], ['a', 'b']],
    [
      ['a\r\nb\r', '\nc\r'],
      ['a', 'b', 'c'],
    ],
    [
      ['a', 'b\n', '\n', 'c'],
      ['ab', '', 'c'],
    ],
    [['{"text":"a\u2028b\u2029c\u0085d"}\n'], ['{"text":"a\u2028b\u2029c\u0085d"}']],
    [[], []],
  ])('of %j are %j', async (chunks, lines) => {
    expect(await linesOf(...chunks)).toEqual(lines)
  })
})
