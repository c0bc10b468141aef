import { once } from 'node:events'
import { type AddressInfo, createServer, type Socket } from 'node:net'
import { openRegistry } from '../../../../services/runtime/adapters/registry/registry.ts'

it('a registry that accepts connections and does not answer fails after the time of the caller, second try included', async () => {
  const sockets: Socket[] = []
  const server = createServer((socket) => void sockets.push(socket.on('error', () => {}))).listen(0, '127.0.0.1')
  await once(server, 'listening')
  const registry = openRegistry(`http://127.0.0.1:${(server.address() as AddressInfo).port}`, 100)
  try {
    await expect(registry.latest('messages.v1-value')).rejects.toThrow(
      'the schema registry does not answer; check SCHEMA_REGISTRY_URL',
    )
    expect(sockets.length).toBe(1)
  } finally {
    server.close()
    for (const socket of sockets) socket.destroy()
  }
})
