/** The control plane's listeners over real sockets: whatever bytes arrive, the next request is answered. */
import { once } from 'node:events'
import { connect } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import { type Listener, listen } from '../../services/control/http/listener.ts'
import { openConsole } from '../support/console-world.ts'
import { malformedRequests } from '../support/malformed-requests.ts'

/** Sends bytes and waits for the end, at most 300 ms. */
const send = async (port: number, bytes: Buffer): Promise<void> => {
  const socket = connect(port, '127.0.0.1')
  socket.on('error', () => {})
  socket.resume()
  await once(socket, 'connect')
  socket.write(bytes)
  await Promise.race([once(socket, 'close'), sleep(300)])
  socket.destroy()
}

describe('a listener of control', () => {
  const errors: unknown[] = []
  let listeners: Listener[] = []

  beforeAll(async () => {
    const { operators, callback } = await openConsole()
    listeners = await Promise.all(
      [operators, callback].map((handle) =>
        listen({ port: 0, host: '127.0.0.1', handle, onError: (error) => errors.push(error) }),
      ),
    )
  })
  afterAll(() => {
    for (const one of listeners) one.close()
  })

  it('answers after 1,500 malformed requests as before, and none of them was an error of ours', async () => {
    const requests = malformedRequests(1_500)
    for (const { port } of listeners)
      for (let from = 0; from < requests.length; from += 100)
        await Promise.all(requests.slice(from, from + 100).map((bytes) => send(port, bytes)))
    expect(errors).toEqual([])
    const [operators, callback] = listeners.map(({ port }) => `http://127.0.0.1:${port}`)
    expect((await fetch(`${operators}/livez`)).status).toBe(200)
    expect((await fetch(`${callback}/livez`)).status).toBe(404)
  }, 60_000)

  it('answers 500 and goes on when a handler fails', async () => {
    const failures: unknown[] = []
    const listener = await listen({
      ...{ port: 0, host: '127.0.0.1' },
      handle: async () => {
        throw new TypeError('a bug')
      },
      onError: (error) => failures.push(error),
    })
    for (let n = 0; n < 2; n++) {
      const response = await fetch(`http://127.0.0.1:${listener.port}/`)
      expect(response.status).toBe(500)
      expect(await response.text()).not.toContain('a bug')
    }
    expect(failures).toHaveLength(2)
    listener.close()
  })
})
