/** How the gateway takes connections: real sockets on loopback. */
import { once } from 'node:events'
import { type AddressInfo, connect, type Socket } from 'node:net'
import pino from 'pino'
import { openSharedPort } from '../../services/gateway/http/shared-port.ts'
import { createGateway } from '../../services/gateway/server.ts'

const address = { port: 0, host: '127.0.0.1' }
const newServer = (maxSockets = 1_000) => createGateway(() => null, { log: pino({ level: 'silent' }), maxSockets })
const open = async (maxSockets?: number) => {
  const server = newServer(maxSockets)
  const closeListeners = await openSharedPort(server, address)
  const { port } = server.address() as AddressInfo
  return { server, port, closeListeners }
}

let world: Awaited<ReturnType<typeof open>>
const sockets = new Set<Socket>()
const connected = (): Socket => {
  const socket = connect(world.port, '127.0.0.1').setNoDelay(true)
  socket.on('error', () => {})
  sockets.add(socket)
  return socket
}
/** Is refused with 404. */
const refused = 'GET /nothing HTTP/1.1\r\nhost: gateway\r\n\r\n'

beforeEach(async () => {
  world = await open()
})
afterEach(async () => {
  for (const socket of sockets) socket.destroy()
  sockets.clear()
  world.closeListeners()
  const closed = once(world.server, 'close')
  world.server.close()
  world.server.closeAllConnections()
  await closed
})

test('new senders are served beside many that ask again as soon as they are refused', async () => {
  const busy = 300
  let answers = 0
  for (let n = 0; n < busy; n++) {
    const socket = connected()
    socket.on('connect', () => socket.write(refused))
    socket.on('data', () => {
      answers++
      socket.write(refused)
    })
  }
  const calm = connected()
  calm.write(refused)
  await once(calm, 'data')
  // Accepted one in a round, and each round with all busy ones, it would wait for 20,000.
  expect(answers).toBeLessThan(4_000)
})

test('a connection that asks on while it waits for its turn gets every answer, in order', async () => {
  const socket = connected()
  const asked = 50
  let received = ''
  socket.on('data', (part) => {
    received += String(part)
  })
  const found = () => [...received.matchAll(/HTTP\/1\.1 (\d+)/g)].map(([, status]) => status)
  for (let n = 0; n < asked; n++) socket.write(n % 2 === 0 ? refused : 'HEAD /readyz HTTP/1.1\r\nhost: gateway\r\n\r\n')
  while (found().length < asked) await once(socket, 'data')
  expect(found()).toEqual(Array.from({ length: asked }, (_, n) => (n % 2 === 0 ? '404' : '503')))
})

test('a second gateway at the same address is refused', async () => {
  const second = newServer()
  await expect(openSharedPort(second, { port: world.port, host: address.host })).rejects.toMatchObject({
    code: 'EADDRINUSE',
  })
  expect(second.listening).toBe(false)
})

test('after closing nothing listens any more', async () => {
  const { server, port, closeListeners } = await open()
  closeListeners()
  server.close()
  await once(server, 'close')
  for (let n = 0; n < 40; n++) {
    const socket = connect(port, '127.0.0.1')
    await expect(once(socket, 'connect')).rejects.toMatchObject({ code: 'ECONNREFUSED' })
  }
})

test('open sockets are bounded over all listeners', async () => {
  const { server, port, closeListeners } = await open(20)
  const held = Array.from({ length: 400 }, () => connect(port, '127.0.0.1'))
  for (const socket of held) socket.on('error', () => {})
  await Promise.all(held.map((socket) => once(socket, 'connect')))
  const { promise, resolve } = Promise.withResolvers<void>()
  const ended = () => {
    if (held.filter(({ closed }) => closed).length >= 380) resolve()
  }
  for (const socket of held) socket.on('close', ended)
  for (const socket of held) socket.resume()
  ended()
  await promise
  expect(held.filter(({ closed }) => !closed).length).toBeLessThanOrEqual(20)
  for (const socket of held) socket.destroy()
  closeListeners()
  server.close()
  server.closeAllConnections()
})
