import {
  FilterInvalid,
  filterMatches,
  parseFilter,
  withPseudonyms,
} from '../../../../../services/tools/replay/input/filter.ts'
import { message } from '../../../../support/builders.ts'

const one = message({ conversation: 'c0'.repeat(16), channel: 'whatsapp', direction: 'inbound' })
/** The source's id of the conversation is "thread 7". */
const pseudonymsOf = (kind: string, id: string) => [
  'ff',
  kind === 'conversation' && id === 'thread 7' ? 'c0'.repeat(16) : '00',
]
const stored = (...conditions: string[]) => withPseudonyms(conditions.map(parseFilter), pseudonymsOf)
const holds = (...conditions: string[]) => filterMatches(one, stored(...conditions))

describe('--where', () => {
  it.each([
    ['channel=whatsapp', true],
    ['channel = whatsapp', true],
    ['channel=tiktok', false],
    ['channel=tiktok,whatsapp', true],
    ['channel!=whatsapp', false],
    ['channel!=tiktok,line', true],
    ['connection=acme-wa', true],
    ['direction=outbound', false],
    ['sender=user', true],
    [`conversation=${'c0'.repeat(16)}`, true],
    ['conversation=thread 7', true],
    ['conversation=thread 8', false],
    ['conversation!=thread 7', false],
  ])('%s holds: %s', (text, expected) => expect(holds(text)).toBe(expected))

  it('is stored without ids of the source', () => {
    expect(JSON.stringify(stored('conversation=thread 7', 'message=wamid.1'))).not.toMatch(/thread|wamid/)
  })

  it('asks that all conditions hold', () => {
    expect(holds('channel=whatsapp', 'kind=message')).toBe(true)
    expect(holds('channel=whatsapp', 'kind=order')).toBe(false)
    expect(holds()).toBe(true)
  })

  it.each([
    ['channel', /field=value/],
    ['=x', /field=value/],
    ['text=hola', /no field "text"; there are connection, source/],
    ['channel=wa', /"wa" is none of tiktok, whatsapp/],
    ['source=a,,b', /a value is empty/],
  ])('refuses %s and says what is right', (text, expected) => {
    expect(() => parseFilter(text)).toThrow(FilterInvalid)
    expect(() => parseFilter(text)).toThrow(expected)
  })
})
