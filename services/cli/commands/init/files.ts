/** The files that `signals init` writes, from its five answers. Pure. */

export interface InitAnswers {
  readonly source: string
  readonly accountId: string
  readonly tenantId: string
  readonly advertiserId: string
  readonly eventSetId: string
}

/** The simulator takes any token; TikTok's is put in place of it, or comes by `signals connections authorise`. */
const placeholderToken = 'replace-me-with-the-token-of-the-advertiser'

const idOf = ({ tenantId, source }: InitAnswers): string => {
  const id = `${tenantId}-${source}`.toLowerCase().replace(/[^a-z0-9._:-]+/g, '-')
  return id.replace(/^[^a-z0-9]+/, '').slice(0, 128) || source
}

const keywords = `keyword,flag
pago,payment
pagado,payment
envío,shipping
envio,shipping
`

/** @param token random, at least 16 characters @returns text by file name */
export const filesOf = (answers: InitAnswers, token: string): Readonly<Record<string, string>> => {
  const connectionId = idOf(answers)
  return {
    'connection.json': `${JSON.stringify({ connectionId, ...answers, accessToken: placeholderToken }, null, 2)}\n`,
    'keywords.csv': keywords,
    '.env': `# Settings of the pipeline: \`set -a; . ./.env; set +a\` before \`npx signals up\`. Keep it out of version control.
# Connectors send it as a bearer token to the gateway.
INGEST_TOKEN=${token}
# A port of your own; without it \`signals up\` takes a free one and keeps it.
#GATEWAY_PORT=8080
#CONSOLE_PORT=8081
# Your own parts, in place of those that \`signals up\` starts.
#KAFKA_BROKERS=localhost:9092
#SCHEMA_REGISTRY_URL=http://localhost:8081
#REDIS_URL=redis://localhost:6379
`,
  }
}

/** What to do next, a line each. */
export const nextSteps = (folder: string): readonly string[] => {
  const path = (name: string) => (folder === '.' ? name : `${folder}/${name}`)
  const settings = `set -a; . ${folder === '.' ? './.env' : path('.env')}; set +a`
  return [
    settings,
    'npx signals up',
    'and in another terminal:',
    settings,
    `npx signals connections add --file ${path('connection.json')}`,
    `npx signals keywords import ${path('keywords.csv')}`,
  ]
}
