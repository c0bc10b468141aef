import { TopicTokenRefusals } from '../../../../services/dispatch/delivery/token-refusal.ts'
import { DependencyError } from '../../../../services/runtime/ports.ts'
import type { Author, ChangeNote, ConnectionUpdate } from '../../../../services/shared/connections/writer.ts'
import type { ConnectionRecord } from '../../../../services/shared/model/connection-record.ts'
import { connectionRecord, noon } from '../../../support/builders.ts'

/** @param current what the topic holds by the time the change is made */
const open = (current: ConnectionRecord | undefined, fail = false) => {
  const written: ConnectionRecord[] = []
  const notes: [ChangeNote, Author][] = []
  const marked: [string, number][] = []
  const state = { fail, current }
  const reconnects = new TopicTokenRefusals({
    writer: {
      change: async (_id: string, change: ConnectionUpdate, note: ChangeNote, author: Author) => {
        if (state.fail) throw new DependencyError('kafka', 'away')
        const next = change(state.current, noon)
        if (next) {
          written.push(next)
          notes.push([note, author])
        }
        return next ?? state.current
      },
    },
    onMark: (id, code) => marked.push([id, code]),
  })
  return { reconnects, written, notes, marked, state }
}

describe('a refused token', () => {
  const connection = connectionRecord()

  it('sets the connection to reconnect, keeping all else, and says by which code', async () => {
    const { reconnects, written, notes, marked } = open(connection)
    await reconnects.markReconnect(connection, 40105)
    expect(written).toEqual([{ ...connection, status: 'reconnect', statusCode: 40105, changedAt: noon }])
    expect(notes).toEqual([
      [
        { action: 'token_refused', code: 40105 },
        { via: 'dispatch', actor: 'TikTok' },
      ],
    ])
    expect(marked).toEqual([['acme-wa', 40105]])
  })

  it('counts at once, for this record only', async () => {
    const { reconnects } = open(connection)
    expect(reconnects.refused(connection)).toBe(false)
    await reconnects.markReconnect(connection, 40105)
    expect(reconnects.refused(connection)).toBe(true)
    expect(reconnects.refused({ ...connection, changedAt: noon + 1 })).toBe(false)
  })

  it('is told once, however many calls hear it', async () => {
    const { reconnects, written } = open(connection)
    await Promise.all([reconnects.markReconnect(connection, 40105), reconnects.markReconnect(connection, 40105)])
    expect(written).toHaveLength(1)
  })

  it('is told again when the topic did not take it', async () => {
    const { reconnects, written, state } = open(connection, true)
    await expect(reconnects.markReconnect(connection, 40105)).rejects.toThrow(DependencyError)
    state.fail = false
    await reconnects.markReconnect(connection, 40105)
    expect(written).toHaveLength(1)
  })

  it.each([
    ['has been replaced meanwhile', connectionRecord({ accessToken: Buffer.from('new') })],
    ['was of a connection that is paused by now', connectionRecord({ status: 'paused' })],
    [
      'was of a connection that is disconnected by now',
      connectionRecord({ status: 'disconnected', accessToken: null }),
    ],
    ['was of a connection that is gone', undefined],
  ])('changes nothing where it %s', async (_name, current) => {
    const { reconnects, written } = open(current)
    await reconnects.markReconnect(connection, 40105)
    expect(written).toEqual([])
  })
})
