import { openAttack } from '../support/attack.ts'
import { attackByConfiguration } from '../support/attack-configuration.ts'
import { attackersSecret } from '../support/forging-cases.ts'

describe('random deliveries of one account', () => {
  it.each([
    ['where victims have no secret of their own', undefined],
    ['where victims have secrets of their own', 'the secret of B'],
  ])('neither speak for another nor bring a word out, %s', async (_name, victimsSecret) => {
    const { attack } = await openAttack({ seed: 1, ...(victimsSecret === undefined ? {} : { victimsSecret }) })
    const { successes, stored, messages } = await attack(600)
    expect(successes).toEqual([])
    expect(stored).toBeGreaterThan(80)
    expect(messages).toBeGreaterThan(40)
  })

  it('would be found to speak for another: with the secret of the victims they do', async () => {
    const { attack } = await openAttack({ seed: 1, victimsSecret: attackersSecret })
    const { successes } = await attack(300)
    expect(successes.length).toBeGreaterThan(0)
  })
})

describe('random extractors and keyword lists', () => {
  it('bring no words, letters or numbers out', () => {
    const { successes, accepted, taken } = attackByConfiguration(1, 600)
    expect(successes).toEqual([])
    expect(accepted).toBeGreaterThan(200)
    expect(taken).toBeGreaterThan(20)
  })

  it('would be found to: without limits they do', () => {
    const kinds = attackByConfiguration(1, 600, true).successes
    expect(kinds.some((what) => what.includes('without a code'))).toBe(true)
    expect(kinds.some((what) => what.includes('tells a letter or a number'))).toBe(true)
  })
})
