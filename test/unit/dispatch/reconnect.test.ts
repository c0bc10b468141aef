import { TopicReconnects } from '../../../services/dispatch/reconnect.ts'
import type { ConnectionRecord } from '../../../services/model/topic-values.ts'
import { DependencyError } from '../../../services/runtime/ports.ts'
import { connectionRecord, noon } from '../../support/builders.ts'

const open = (fail = false) => {
  const published: ConnectionRecord[] = []
  const marked: [string, number][] = []
  const state = { fail }
  const reconnects = new TopicReconnects({
    publish: async (record) => {
      if (state.fail) throw new DependencyError('kafka', 'away')
      published.push(record)
    },
    now: () => noon,
    onMark: (id, code) => marked.push([id, code]),
  })
  return { reconnects, published, marked, state }
}

describe('a refused token', () => {
  const connection = connectionRecord()

  it('sets the connection to reconnect, keeping all else', async () => {
    const { reconnects, published, marked } = open()
    await reconnects.markReconnect(connection, 40105)
    expect(published).toEqual([{ ...connection, status: 'reconnect', changedAt: noon }])
    expect(marked).toEqual([['acme-wa', 40105]])
  })

  it('counts at once, for this record only', async () => {
    const { reconnects } = open()
    expect(reconnects.refused(connection)).toBe(false)
    await reconnects.markReconnect(connection, 40105)
    expect(reconnects.refused(connection)).toBe(true)
    expect(reconnects.refused({ ...connection, changedAt: noon + 1 })).toBe(false)
  })

  it('is told once, however many calls hear it', async () => {
    const { reconnects, published } = open()
    await Promise.all([reconnects.markReconnect(connection, 40105), reconnects.markReconnect(connection, 40105)])
    expect(published).toHaveLength(1)
  })

  it('is told again when the topic did not take it', async () => {
    const { reconnects, published, state } = open(true)
    await expect(reconnects.markReconnect(connection, 40105)).rejects.toThrow(DependencyError)
    state.fail = false
    await reconnects.markReconnect(connection, 40105)
    expect(published).toHaveLength(1)
  })
})

describe('a reconnect that crosses a new token', () => {
  const old = connectionRecord()
  const renewed = connectionRecord({ accessToken: Buffer.from('new'), changedAt: old.changedAt + 10 })

  it('does not overwrite it', async () => {
    const { reconnects, published } = open()
    await reconnects.markReconnect(old, 40105)
    const ours = published.pop() as ConnectionRecord
    await reconnects.followed(old, renewed)
    await reconnects.followed(renewed, ours)
    expect(published).toEqual([{ ...renewed, changedAt: noon }])
  })

  it('stands where nothing came between', async () => {
    const { reconnects, published } = open()
    await reconnects.markReconnect(old, 40105)
    const ours = published.pop() as ConnectionRecord
    await reconnects.followed(old, ours)
    expect(published).toEqual([])
  })
})
