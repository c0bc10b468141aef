/** An HTTP listener that answers whatever is sent to it, and that no request ends. */
import { once } from 'node:events'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { answerHeaders, type ControlAnswer, ControlProblem, problemAnswer } from './answer.ts'

export type Handler = (request: IncomingMessage) => Promise<ControlAnswer>

export interface Listener {
  readonly port: number
  close(): void
}

export interface ListenerOptions {
  /** 0 takes any free port. */
  readonly port: number
  readonly host: string
  readonly handle: Handler
  /** Gets an error that is no problem of the request. */
  onError(error: unknown): void
}

const maxSockets = 1_000
const internal = new ControlProblem(500, 'internal', 'the request could not be handled; see the log of the console')

const send = (response: ServerResponse, answer: ControlAnswer, withBody: boolean) => {
  if (response.headersSent || response.destroyed) return
  response.writeHead(answer.status, answerHeaders(answer))
  response.end(withBody ? answer.body : undefined)
}

/** @throws Error with code EADDRINUSE when the port is taken */
export const listen = async ({ port, host, handle, onError }: ListenerOptions): Promise<Listener> => {
  const answerTo = async (request: IncomingMessage): Promise<ControlAnswer> => {
    try {
      return await handle(request)
    } catch (error) {
      if (error instanceof ControlProblem) return problemAnswer(error)
      onError(error)
      return problemAnswer(internal)
    }
  }
  const server = createServer(
    { maxHeaderSize: 16_384, headersTimeout: 10_000, requestTimeout: 30_000, keepAliveTimeout: 5_000 },
    (request, response) => {
      // A client that goes away is no error of ours.
      request.on('error', () => {})
      response.on('error', () => {})
      answerTo(request)
        .then((answer) => send(response, answer, request.method !== 'HEAD'))
        .catch((error: unknown) => {
          onError(error)
          response.destroy()
        })
    },
  )
  server.maxConnections = maxSockets
  server.on('clientError', (_error, socket) => {
    if (socket.writable) socket.end('HTTP/1.1 400 Bad Request\r\nconnection: close\r\ncontent-length: 0\r\n\r\n')
    else socket.destroy()
  })
  server.listen(port, host)
  await once(server, 'listening')
  return {
    port: (server.address() as AddressInfo).port,
    close: () => {
      server.close()
      server.closeAllConnections()
    },
  }
}
