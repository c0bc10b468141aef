/**
 * Bounds the open sockets of a server. At the limit the socket that has waited for longest without a complete request is closed, not the
 * one that arrives: one sender that opens thousands loses its own.
 */
import type { Server, ServerResponse } from 'node:http'
import type { Socket } from 'node:net'

/** Sockets above the limit, if none waits for its sender. Beyond them new ones are closed. */
const reserve = 64

export const limitSockets = (server: Server, max: number): void => {
  /** Those without a complete request, longest first. */
  const waiting = new Set<Socket>()
  let open = 0
  server.on('connection', (socket) => {
    if (open >= max + reserve) {
      socket.destroy()
      return
    }
    open++
    waiting.add(socket)
    socket.once('close', () => {
      open--
      waiting.delete(socket)
    })
    if (open <= max) return
    const [oldest] = waiting
    if (!oldest) return
    // It counts as open until the round of the event loop ends, and is closed once.
    waiting.delete(oldest)
    oldest.destroy()
  })
  server.on('request', (request, response: ServerResponse) => {
    const { socket } = request
    // A request that has arrived waits for Kafka, not for its sender.
    request.once('end', () => waiting.delete(socket))
    response.once('close', () => {
      if (socket.destroyed) return
      waiting.delete(socket)
      waiting.add(socket)
    })
  })
}
