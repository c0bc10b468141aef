import { TopicTokenRefusals } from '../../../../services/dispatch/delivery/token-refusal.ts'
import { DependencyError } from '../../../../services/runtime/ports.ts'
import type { ConnectionRequest } from '../../../../services/shared/model/connection-record.ts'
import { connectionRecord, noon } from '../../../support/builders.ts'

const open = (fail = false) => {
  const sent: ConnectionRequest[] = []
  const marked: [string, number][] = []
  const state = { fail }
  const refusals = new TopicTokenRefusals({
    send: async (request) => {
      if (state.fail) throw new DependencyError('kafka', 'away')
      sent.push(request)
    },
    now: () => noon,
    onMark: (id, code) => marked.push([id, code]),
  })
  return { refusals, sent, marked, state }
}

describe('a refused token', () => {
  const connection = connectionRecord({ changedAt: noon - 1 })

  it('asks control to set the connection to reconnect, and reports the code', async () => {
    const { refusals, sent, marked } = open()
    await refusals.markReconnect(connection, 40105)
    const { connectionId, source, accountId } = connection
    expect(sent).toEqual([
      { kind: 'token_refused', connectionId, source, accountId, code: 40105, occurredAt: noon, changedAt: noon - 1 },
    ])
    expect(marked).toEqual([['acme-wa', 40105]])
  })

  it('counts at once, for this record only', async () => {
    const { refusals } = open()
    expect(refusals.refused(connection)).toBe(false)
    await refusals.markReconnect(connection, 40105)
    expect(refusals.refused(connection)).toBe(true)
    expect(refusals.refused({ ...connection, changedAt: noon + 1 })).toBe(false)
  })

  it('is asked for once, however many calls get it', async () => {
    const { refusals, sent } = open()
    await Promise.all([refusals.markReconnect(connection, 40105), refusals.markReconnect(connection, 40105)])
    expect(sent).toHaveLength(1)
  })

  it('is asked for again when the topic did not take the request', async () => {
    const { refusals, sent, state } = open(true)
    await expect(refusals.markReconnect(connection, 40105)).rejects.toThrow(DependencyError)
    state.fail = false
    await refusals.markReconnect(connection, 40105)
    expect(sent).toHaveLength(1)
  })
})
