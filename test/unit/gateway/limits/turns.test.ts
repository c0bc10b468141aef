import { type RefusedSender, Turns } from '../../../../services/gateway/limits/turns.ts'

const connectionOf = (fields: Partial<{ destroyed: boolean; writableNeedDrain: boolean }> = {}) => {
  const drained: (() => void)[] = []
  const socket = {
    ...{ isRead: true, destroyed: false, writableNeedDrain: false, ...fields },
    pause: () => {
      socket.isRead = false
    },
    resume: () => {
      socket.isRead = true
    },
    once: (_event: string, listener: () => void) => drained.push(listener),
    drain: () => {
      for (const listener of drained.splice(0)) listener()
    },
  }
  return socket
}

const open = () => {
  const rounds: (() => void)[] = []
  const turns = new Turns((round) => rounds.push(round))
  return {
    turns,
    wait: (socket: ReturnType<typeof connectionOf>) => turns.wait(socket as unknown as RefusedSender),
    /** @returns whether there was one */
    round: () => {
      const next = rounds.shift()
      next?.()
      return next !== undefined
    },
    planned: () => rounds.length,
  }
}

test('a refused connection is not read until its turn', () => {
  const { wait, round, turns } = open()
  const socket = connectionOf()
  wait(socket)
  expect(socket.isRead).toBe(false)
  round()
  expect(socket.isRead).toBe(true)
  expect(turns.waiting).toBe(0)
  expect(round()).toBe(false)
})

test('a round reads some of them, those that have waited for longest first', () => {
  const { wait, round } = open()
  const sockets = Array.from({ length: 100 }, () => connectionOf())
  for (const socket of sockets) wait(socket)
  const read = () => sockets.filter(({ isRead }) => isRead).length
  round()
  const first = read()
  expect(first).toBeGreaterThan(0)
  expect(first).toBeLessThan(50)
  expect(sockets.slice(0, first).every(({ isRead }) => isRead)).toBe(true)
  // One that is refused again waits behind the others.
  wait(sockets[0] as (typeof sockets)[0])
  round()
  expect(sockets[0]?.isRead).toBe(false)
  expect(read()).toBe(2 * first - 1)
  while (round());
  expect(read()).toBe(100)
})

test('one round at a time is planned', () => {
  const { wait, planned, round } = open()
  for (let n = 0; n < 10; n++) wait(connectionOf())
  const twice = connectionOf()
  wait(twice)
  wait(twice)
  expect(planned()).toBe(1)
  round()
  expect(planned()).toBe(0)
})

test('a connection that has ended takes no part', () => {
  const { wait, turns, round } = open()
  wait(connectionOf({ destroyed: true }))
  expect(turns.waiting).toBe(0)
  const ended = connectionOf()
  wait(ended)
  ended.destroyed = true
  round()
  expect(ended.isRead).toBe(false)
})

test('a client that does not read its answers is read again once it has', () => {
  const { wait, round } = open()
  const socket = connectionOf({ writableNeedDrain: true })
  wait(socket)
  round()
  expect(socket.isRead).toBe(false)
  socket.drain()
  expect(socket.isRead).toBe(true)
})
