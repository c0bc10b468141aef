/** Mistakes of a newcomer with addresses: something answers there, and it is not what the setting says. */
import { once } from 'node:events'
import { createServer as createHttpServer } from 'node:http'
import { type AddressInfo, createServer, type Server, type Socket } from 'node:net'
import { expectAnswer, type Mistake } from '../../support/mistakes.ts'

const servers: Server[] = []
const sockets = new Set<Socket>()
const listening = async (server: Server): Promise<string> => {
  servers.push(server)
  server.on('connection', (socket: Socket) => sockets.add(socket.on('error', () => {})))
  await once(server.listen(0, '127.0.0.1'), 'listening')
  return `127.0.0.1:${(server.address() as AddressInfo).port}`
}
const http = await listening(createHttpServer((_request, response) => void response.end('<html>hello</html>')))
/** A Redis: it answers what it does not know by an error. */
const redis = await listening(
  createServer((socket) => socket.on('data', () => socket.write('-ERR unknown command\r\n'))),
)
afterAll(() => {
  for (const server of servers) server.close()
  for (const socket of sockets) socket.destroy()
})

const dead = {
  KAFKA_BROKERS: '127.0.0.1:1',
  REDIS_URL: 'redis://127.0.0.1:1',
  SCHEMA_REGISTRY_URL: 'http://127.0.0.1:1',
}

const mistakes: readonly Mistake[] = [
  {
    what: 'no Kafka',
    args: 'lag',
    env: dead,
    code: 1,
    says: ['no process listens at 127.0.0.1:1', 'set KAFKA_BROKERS'],
  },
  {
    what: 'no Redis',
    args: 'breakers list',
    env: dead,
    code: 1,
    says: ['no process listens at 127.0.0.1:1', 'set REDIS_URL'],
  },
  {
    what: 'no registry',
    args: 'connections list',
    env: dead,
    code: 1,
    says: ['no process listens at 127.0.0.1:1', 'set SCHEMA_REGISTRY_URL'],
  },
  {
    what: 'a web server for Kafka',
    args: 'lag',
    env: { ...dead, KAFKA_BROKERS: http },
    code: 1,
    says: ['KAFKA_BROKERS'],
  },
  { what: 'Redis for Kafka', args: 'lag', env: { ...dead, KAFKA_BROKERS: redis }, code: 1, says: ['KAFKA_BROKERS'] },
  {
    what: 'a web server for Redis',
    args: 'breakers list',
    env: { ...dead, REDIS_URL: `redis://${http}` },
    code: 1,
    says: ['REDIS_URL'],
  },
  {
    what: 'TLS to a Redis without',
    args: 'breakers list',
    env: { ...dead, REDIS_URL: `rediss://${redis}` },
    code: 1,
    says: ['REDIS_URL', 'TLS'],
  },
  {
    what: 'a web server for the registry',
    args: 'connections list',
    env: { ...dead, SCHEMA_REGISTRY_URL: `http://${http}` },
    code: 1,
    says: ['answers 200, but not as a schema registry does', 'SCHEMA_REGISTRY_URL'],
  },
  {
    what: 'TLS to a registry without',
    args: 'connections list',
    env: { ...dead, SCHEMA_REGISTRY_URL: `https://${http}` },
    code: 1,
    says: ['SCHEMA_REGISTRY_URL', 'TLS'],
  },
  {
    what: 'Redis for the registry',
    args: 'connections list',
    env: { ...dead, SCHEMA_REGISTRY_URL: `http://${redis}` },
    code: 1,
    says: ['SCHEMA_REGISTRY_URL'],
  },
]

it.each(mistakes.map((mistake) => [mistake.what, mistake] as const))('a mistake with addresses: %s', (_what, mistake) =>
  expectAnswer(mistake),
)
