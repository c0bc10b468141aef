/** An OAuth 2 server with one client (`oidc-provider`), and the judge of AWS' signed URLs. Both count what they were asked. */
import { createHash, createHmac } from 'node:crypto'
import { once } from 'node:events'
import { createServer, type RequestListener } from 'node:http'
import type { AddressInfo } from 'node:net'
import { mock } from 'node:test'

const secret = 'a-secret-of-the-test'
/** Clients of the token endpoint: `brief` gets tokens that are valid for a few seconds. */
export const oauthClients = { brief: { id: 'brief', secret }, lasting: { id: 'lasting', secret } }
const lastingSeconds = 3_600
export const awsKeys = { id: 'AKIDEXAMPLE', secret: 'wJalrXUtnFEMI' }
/** The `aud` of the access tokens. */
export const audience = 'urn:kafka'

const hash = (text: string) => createHash('sha256').update(text).digest('hex')
const hmac = (key: string | Buffer, text: string) => createHmac('sha256', key).update(text).digest()

/** Whether the token is a URL that the keys signed for Kafka in the region, by AWS' own description (Signature Version 4, query string). */
export const isSignedForMsk = (token: string, region: string): boolean => {
  const url = new URL(Buffer.from(token, 'base64url').toString('utf8'))
  const query = url.searchParams
  const [id, day, ofRegion, service, end] = (query.get('X-Amz-Credential') ?? '').split('/')
  const isForKafka = url.host === `kafka.${region}.amazonaws.com` && query.get('Action') === 'kafka-cluster:Connect'
  if (!isForKafka || id !== awsKeys.id || ofRegion !== region || service !== 'kafka-cluster' || end !== 'aws4_request')
    return false
  const canonical = [...query]
    .filter(([name]) => name !== 'X-Amz-Signature' && name !== 'User-Agent')
    .map((pair) => pair.map(encodeURIComponent).join('='))
    .sort()
    .join('&')
  const request = ['GET', '/', canonical, `host:${url.host}`, '', 'host', hash('')].join('\n')
  const time = query.get('X-Amz-Date') ?? ''
  const signed = ['AWS4-HMAC-SHA256', time, `${day}/${region}/${service}/${end}`, hash(request)].join('\n')
  const key = [day ?? '', region, service, end].reduce<string | Buffer>(hmac, `AWS4${awsKeys.secret}`)
  return hmac(key, signed).toString('hex') === query.get('X-Amz-Signature')
}

export interface TokenServer {
  readonly tokenUrl: string
  readonly keysUrl: string
  readonly judgeUrl: string
  /** Access tokens that it gave out. */
  tokens(): number
  /** Signed URLs that it judged. */
  judged(): number
  close(): void
}

/** @param region the region of the judge @param briefSeconds how long the tokens of the client `brief` are valid */
export const openTokenServer = async (region: string, briefSeconds: number): Promise<TokenServer> => {
  // It warns of keys that are good for a test only.
  for (const level of ['warn', 'info'] as const) mock.method(console, level, () => {})
  const { Provider } = await import('oidc-provider')
  let provide: RequestListener = () => {}
  const counts = { tokens: 0, judged: 0 }
  const server = createServer(async (request, response) => {
    if (request.url !== '/judge') return provide(request, response)
    counts.judged++
    let token = ''
    for await (const part of request.setEncoding('utf8')) token += part
    if (isSignedForMsk(token, region)) response.end(`${awsKeys.id} ${lastingSeconds}`)
    else response.writeHead(403).end()
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const issuer = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  const provider = new Provider(issuer, {
    clients: Object.values(oauthClients).map(({ id, secret }) => ({
      ...{ client_id: id, client_secret: secret, scope: 'kafka' },
      ...{ grant_types: ['client_credentials'], redirect_uris: [], response_types: [] },
    })),
    scopes: ['kafka', 'other'],
    features: {
      clientCredentials: { enabled: true },
      devInteractions: { enabled: false },
      resourceIndicators: {
        enabled: true,
        defaultResource: () => audience,
        getResourceServerInfo: (_context: unknown, _resource: string, { clientId }: { clientId: string }) => ({
          ...{ scope: 'kafka other', audience, accessTokenFormat: 'jwt' },
          accessTokenTTL: clientId === oauthClients.brief.id ? briefSeconds : lastingSeconds,
        }),
      },
    },
    cookies: { keys: ['a-key-of-the-test'] },
  })
  const callback = provider.callback() as RequestListener
  provide = (request, response) => {
    response.on('finish', () => {
      if (request.url === '/token' && response.statusCode === 200) counts.tokens++
    })
    callback(request, response)
  }
  return {
    tokenUrl: `${issuer}/token`,
    keysUrl: `${issuer}/jwks`,
    judgeUrl: `${issuer}/judge`,
    tokens: () => counts.tokens,
    judged: () => counts.judged,
    close: () => server.close(),
  }
}
