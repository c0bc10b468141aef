/**
 * Opens the gateway's port with several listening sockets. Node accepts one connection of a listening socket each time its event loop
 * comes round. With many busy senders a round takes long, and with a single listening socket new senders would wait for minutes.
 */
import { once } from 'node:events'
import type { Server } from 'node:http'
import { type AddressInfo, createServer, type ListenOptions, type Server as NetServer } from 'node:net'

/** Connections that one round of the event loop accepts. */
const listenerCount = 16
/** Connections of one listening socket that wait to be accepted; the system may allow fewer. Beyond it, senders try again seconds later. */
const backlog = 4_096

const listen = async (server: NetServer, options: ListenOptions): Promise<void> => {
  server.listen({ ...options, backlog })
  await once(server, 'listening')
}

/** @throws the system's error where another process has the address: with a shared port both would start and each get a part. */
const requireFree = async (address: ListenOptions): Promise<void> => {
  const probe = createServer()
  await listen(probe, address)
  probe.close()
  await once(probe, 'close')
}

/**
 * Where the system cannot share a port among sockets (macOS), the server has one of its own.
 * @param server gets all connections
 * @returns what closes all listening sockets but the server's own
 * @throws the system's error, such as EADDRINUSE
 */
export const openSharedPort = async (
  server: Server,
  { port, host }: { readonly port: number; readonly host: string },
): Promise<() => void> => {
  await requireFree({ port, host })
  const others: NetServer[] = []
  try {
    await listen(server, { port, host, reusePort: true })
    const shared = { port: (server.address() as AddressInfo).port, host, reusePort: true }
    while (others.length < listenerCount - 1) {
      // As an HTTP server makes its own sockets.
      const other = createServer({ allowHalfOpen: true, noDelay: true }, (socket) => server.emit('connection', socket))
      await listen(other, shared)
      others.push(other)
    }
  } catch {
    if (!server.listening) await listen(server, { port, host })
  }
  return () => {
    for (const other of others) other.close()
  }
}
