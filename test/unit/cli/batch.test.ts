import { spawnSync } from 'node:child_process'
import { join } from 'node:path'

const bin = join(import.meta.dirname, '../../../services/cli/signals.js')
const answers = (args: readonly string[], lines: readonly string[]) => {
  const { status, stdout } = spawnSync(process.execPath, [bin, ...args, '--batch'], {
    encoding: 'utf8',
    input: lines.join('\n'),
    timeout: 30_000,
  })
  return {
    status,
    answers: stdout
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line)),
  }
}
const json = (...items: readonly object[]) => items.map((item) => JSON.stringify(item))

describe('questions in a batch', () => {
  it('are answered by the keyword lists that they bring, each in a line; one that is wrong stops no other', () => {
    const list = [{ keyword: 'pago', flag: 'payment' }]
    const asked = json(
      { id: 'a', list, text: 'ya hice el PAGO' },
      { id: 'b', list, text: 'pago', origin: 'template' },
      { id: 'c', list: [{ keyword: 'pago', flag: 'Payment' }], text: 'pago' },
      { id: 'd', list, text: 'pago', origin: 'shouted' },
      { id: 'e', list, text: 'hola' },
    )
    const result = answers(['keywords', 'test'], ['no json', ...asked])
    expect(result).toEqual({
      status: 0,
      answers: [
        { id: null, error: 'the line is not a JSON object' },
        { id: 'a', flags: ['payment'] },
        { id: 'b', flags: [] },
        { id: 'c', error: 'entry 1: flag must be [a-z][a-z0-9_]{0,39}' },
        { id: 'd', error: expect.stringContaining('origin must be one of typed, caption') },
        { id: 'e', flags: [] },
      ],
    })
  })

  it('are answered by the extractors that they bring', () => {
    const event = {
      ...{ source: 'whatsapp', accountId: '1', channel: 'whatsapp', conversationId: '1:2', messageId: 'm' },
      ...{ kind: 'message', direction: 'inbound', sender: 'user', occurredAt: 1_763_900_000_000 },
      text: 'code REF-12',
    }
    const extractors = [{ from: 'text', pattern: '(REF-\\d+)' }]
    const asked = json(
      { id: 'a', extractors, events: [event] },
      { id: 'b', events: [event] },
      { id: 'c', extractors: [{ from: 'links', query: 'gclid' }], events: [event] },
      { id: 'd', events: [{ ...event, occurredAt: 1_763_900_000 }] },
    )
    const result = answers(['attribution', 'test'], asked)
    expect(result).toEqual({
      status: 0,
      answers: [
        { id: 'a', trackingId: 'REF-12', why: 'event 1: text, a pattern' },
        { id: 'b', trackingId: null, why: 'the extractors find no value' },
        { id: 'c', error: expect.stringContaining('another advertising system') },
        { id: 'd', error: expect.stringContaining('looks like seconds') },
      ],
    })
  })
})
