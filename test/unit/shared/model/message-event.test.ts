import { cutText, maxTextLength } from '../../../../services/shared/model/message-event.ts'

describe('a text that is too long', () => {
  const filler = (length: number) => 'palabra '.repeat(length / 8 + 1).slice(0, length)

  it('is cut between words', () => {
    const text = `${filler(maxTextLength - 4)} pagoda`
    expect(cutText(text)).toBe(filler(maxTextLength - 4))
    expect(cutText(`${filler(maxTextLength - 5)} pago da`)).toBe(`${filler(maxTextLength - 5)} pago`)
  })

  it('is cut through a word that is too long, and never through a character', () => {
    expect(cutText('a'.repeat(20_000))).toHaveLength(maxTextLength)
    expect(cutText(`a${'👍'.repeat(10_000)}`)).toHaveLength(maxTextLength - 1)
    expect(cutText(`${'a'.repeat(maxTextLength)}\u0301`)).toHaveLength(maxTextLength - 1)
  })

  it('is left as it is up to its limit', () => expect(cutText(filler(maxTextLength))).toBe(filler(maxTextLength)))
})
