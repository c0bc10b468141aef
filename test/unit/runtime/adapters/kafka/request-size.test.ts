import { cut } from '../../../../../services/runtime/adapters/kafka/request-size.ts'
import { RecordTooLarge } from '../../../../../services/runtime/ports.ts'

const large = (topic: string) => ({ topic, key: 'k', value: Buffer.alloc(2_000_000) })

describe('the size limit of a record', () => {
  it('is that of its topic, also behind a prefix', () => {
    expect(() => cut([large('messages.v1')])).toThrow(RecordTooLarge)
    expect(cut([large('channel-events.v1')])).toHaveLength(1)
    expect(cut([large('acme.channel-events.v1')], 'acme.')).toHaveLength(1)
    expect(() => cut([large('acme.messages.v1')], 'acme.')).toThrow(RecordTooLarge)
  })
})
