import { mapped, theOnly } from '../../../support/deliveries.ts'
import { qiscus } from '../../../support/partner-bodies.ts'

describe('the Qiscus mapping', () => {
  it('derives two ids for two files of one second without ids', () => {
    const idOf = (file: string) =>
      theOnly(
        'qiscus',
        qiscus({
          id: 0,
          unique_temp_id: '',
          type: 'file_attachment',
          text: '',
          payload: { url: `https://x.example/${file}` },
        }),
      )?.messageId
    expect(idOf('a.jpg')).toMatch(/^derived:/)
    expect(idOf('a.jpg')).toBe(idOf('a.jpg'))
    expect(idOf('b.jpg')).not.toBe(idOf('a.jpg'))
  })

  it.each<[string, object, object]>([
    [
      'a text',
      qiscus(),
      {
        accountId: 'app-1',
        channel: 'whatsapp',
        conversationId: '77',
        messageId: 'wa_wamid.q1',
        channelMessageId: 'wamid.q1',
        text: 'halo',
        direction: 'inbound',
      },
    ],
    [
      'a file by its ending, with its caption and not the fallback text',
      qiscus({
        type: 'file_attachment',
        text: '[file] x [/file]',
        payload: '{"url":"https://x.example/A.MP4?s=1","caption":"ini"}',
      }),
      { attachments: ['video'], text: 'ini', textOrigin: 'caption' },
    ],
    [
      'a file without a caption',
      qiscus({ type: 'file_attachment', text: '[file] x [/file]', payload: { url: 'https://x.example/a.pdf' } }),
      { attachments: ['document'], text: null },
    ],
    [
      'a tapped button',
      qiscus({ type: 'button_postback_response', payload: { text: 'Ya', payload: 'YES' } }),
      { text: 'Ya', textOrigin: 'button' },
    ],
    [
      'the business’s own message',
      qiscus({}, {}, { email: 'app-1_admin@qismo.com' }),
      { direction: 'outbound', sender: 'unknown' },
    ],
    [
      'the app behind a custom channel as other',
      { ...qiscus(), channel: { source: 'custom_channel' } },
      { channel: 'other' },
    ],
  ])('reads %s', (_name, body, expected) => expect(theOnly('qiscus', body)).toMatchObject(expected))

  it('derives an id where every id is zero, the same for the same item', () => {
    const body = qiscus({ unique_temp_id: '', id: 0, timestamp: '2026-01-01T00:00:00Z' })
    const id = theOnly('qiscus', body)?.messageId
    expect(id).toMatch(/^derived:[0-9a-f]{32}$/)
    expect(theOnly('qiscus', body)?.messageId).toBe(id)
    expect(theOnly('qiscus', qiscus({ unique_temp_id: '', text: 'lain' }))?.messageId).not.toBe(id)
  })

  it('ignores a conversation that is closed or assigned', () => {
    expect(mapped('qiscus', { service: { room_id: '1' }, resolved_by: { id: 1 } }).ignored).toEqual(['handover'])
    expect(mapped('qiscus', { app_id: 'a', candidate_agent: { id: 1 } }).ignored).toEqual(['handover'])
  })
})
