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
  const refusals = new TopicTokenRefusals({
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
  return { refusals, written, notes, marked, state }
}

describe('a refused token', () => {
  const connection = connectionRecord()

  it('sets the connection to reconnect, keeping all else, and reports the code', async () => {
    const { refusals, written, notes, marked } = open(connection)
    await refusals.markReconnect(connection, 40105)
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
    const { refusals } = open(connection)
    expect(refusals.refused(connection)).toBe(false)
    await refusals.markReconnect(connection, 40105)
    expect(refusals.refused(connection)).toBe(true)
    expect(refusals.refused({ ...connection, changedAt: noon + 1 })).toBe(false)
  })

  it('is marked once, however many calls get it', async () => {
    const { refusals, written } = open(connection)
    await Promise.all([refusals.markReconnect(connection, 40105), refusals.markReconnect(connection, 40105)])
    expect(written).toHaveLength(1)
  })

  it('is marked again when the topic did not take the change', async () => {
    const { refusals, written, state } = open(connection, true)
    await expect(refusals.markReconnect(connection, 40105)).rejects.toThrow(DependencyError)
    state.fail = false
    await refusals.markReconnect(connection, 40105)
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
    const { refusals, written } = open(current)
    await refusals.markReconnect(connection, 40105)
    expect(written).toEqual([])
  })
})
