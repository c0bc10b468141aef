/** Translates errors of both clients into DependencyErrors. Each message names the setting and the remedy. */
import { DependencyError } from '../../ports.ts'
import { noToken } from './login/oauth-token.ts'

interface ClientError {
  readonly name?: unknown
  readonly message?: unknown
  /** Node's and platformatic's. */
  readonly code?: unknown
  /** platformatic's name of a protocol error; kafkajs calls it `type`. */
  readonly apiId?: unknown
  readonly type?: unknown
  readonly errors?: unknown
  readonly cause?: unknown
}

/** The error and all its inner errors, outermost first. */
const unwrapped = (error: unknown): readonly ClientError[] => {
  const found: ClientError[] = []
  const visit = (one: unknown) => {
    if (typeof one !== 'object' || one === null || found.includes(one)) return
    const { errors, cause } = one as ClientError
    found.push(one)
    if (Array.isArray(errors)) for (const inner of errors) visit(inner)
    visit(cause)
  }
  visit(error)
  return found
}

/** Names of the protocol errors within an error of either client, such as `NOT_COORDINATOR`. */
export const protocolErrorsOf = (error: unknown): ReadonlySet<string> =>
  new Set(unwrapped(error).flatMap(({ apiId, type }) => [apiId, type].filter((id) => typeof id === 'string')))

const remedies: readonly { readonly pattern: RegExp; readonly says: string }[] = [
  {
    pattern: /token refused/,
    says: 'Kafka refuses the token: let the broker trust its issuer and audience (KAFKA_OAUTH_TOKEN_URL, KAFKA_OAUTH_SCOPE), or for AWS_MSK_IAM attach a policy that allows kafka-cluster:Connect',
  },
  {
    pattern: /SASL_AUTHENTICATION_FAILED|SASL authentication failed|SASLAuthenticationError|Authentication failed/i,
    says: 'Kafka refuses the user: check KAFKA_SASL_USERNAME, KAFKA_SASL_PASSWORD and KAFKA_SASL_MECHANISM',
  },
  {
    pattern: /UNSUPPORTED_SASL_MECHANISM|suitable SASL mechanism|ILLEGAL_SASL_STATE|mechanism is not supported/,
    says: 'Kafka does not offer this way to log in: set KAFKA_SASL_MECHANISM to one that the listener has enabled',
  },
  {
    pattern: /CERT_HAS_EXPIRED|CERT_NOT_YET_VALID/,
    says: "Kafka's certificate is not valid today: renew it at the broker, or check the clock of this machine",
  },
  {
    pattern: /SELF_SIGNED_CERT|UNABLE_TO_(VERIFY|GET_ISSUER)|self[- ]signed|unable to verify|local issuer/i,
    says: "Kafka's certificate is signed by an unknown authority: set KAFKA_SSL_CA to the certificate that signed it",
  },
  {
    pattern: /ERR_TLS_CERT_ALTNAME_INVALID|altnames/,
    says: "Kafka's certificate names another host: set KAFKA_BROKERS to the names in the certificate",
  },
  {
    pattern: /CERTIFICATE_REQUIRED|certificate required|bad certificate|unknown ca|certificate unknown/i,
    says: 'Kafka demands another client certificate: set KAFKA_SSL_CERT and KAFKA_SSL_KEY to one that it trusts',
  },
  {
    pattern: /requires TLS|EPROTO|TLS handshake failed|wrong version number|TLS connection was established/i,
    says: 'TLS with Kafka fails: set KAFKA_SECURITY_PROTOCOL to what the listener in KAFKA_BROKERS speaks',
  },
  {
    pattern: /GROUP_AUTHORIZATION_FAILED/,
    says: 'Kafka denies this user its consumer group: grant it Read on the group (an ACL)',
  },
  {
    pattern: /CLUSTER_AUTHORIZATION_FAILED/,
    says: 'Kafka denies this user an operation on the cluster: grant it the ACL (IdempotentWrite to produce, Create for topics)',
  },
  {
    pattern: /TOPIC_AUTHORIZATION_FAILED/,
    says: 'Kafka denies this user a topic: grant it the ACL (Read and Describe to consume, Write to produce)',
  },
  {
    pattern: /UNKNOWN_TOPIC_OR_PARTITION|Unknown topic/,
    says: 'Kafka does not have a requested topic: signals topics plan shows what is missing, apply creates it',
  },
]

/** No connection at all: the clients' own words say nothing more than these. */
const unreachable: readonly { readonly pattern: RegExp; says(address: string): string }[] = [
  {
    pattern: /ECONNREFUSED ((?:\S+):\d+)/,
    says: (address) => `no process listens at ${address}: start Kafka, or set KAFKA_BROKERS to where it listens`,
  },
  {
    pattern: /(?:ENOTFOUND|EAI_AGAIN) (?!getaddrinfo)([^\s:]+)/,
    says: (host) => `the host ${host} is not known here: correct KAFKA_BROKERS, or the name service`,
  },
  {
    pattern: /(?:EHOSTUNREACH|ENETUNREACH|ETIMEDOUT) ((?:\S+):\d+)|Connection to (\S+) timed out/,
    says: (address) =>
      `${address} does not answer: check KAFKA_BROKERS, and that nothing between here and Kafka drops connections`,
  },
]

/** The broker ends a connection without a word whose first bytes it does not understand, or that lacks a certificate. */
const closed = {
  pattern: /Connection closed|Closed connection/,
  says: 'Kafka does not answer: it closes the connection; set KAFKA_SECURITY_PROTOCOL to what the listener in KAFKA_BROKERS speaks, and KAFKA_SSL_CERT and KAFKA_SSL_KEY if it demands a certificate',
}

const unreachableIn = (text: string): string | undefined => {
  for (const { pattern, says } of unreachable) {
    const found = pattern.exec(text)
    if (found) return `Kafka: ${says(found.slice(1).find((group) => group !== undefined) as string)}`
  }
  return undefined
}

const textOf = ({ name, message, code, apiId, type }: ClientError) =>
  [name, code, apiId, type, message].filter((part) => typeof part === 'string').join(' ')

/** How often the client has tried, and lines of the TLS library's sources. */
const saysNothing = / failed \d+ times|:error:/

/** Messages of both clients name topics, partitions and brokers only, never the content of a record. */
const kindOf = (error: unknown, all: readonly ClientError[]): string => {
  if (all.length === 0) return String(error)
  const kinds = all.map(({ apiId, type, code, name, message }) => {
    const kind = [apiId, type].find((id) => typeof id === 'string')
    if (kind !== undefined) return kind
    return typeof message === 'string' && message !== '' ? message : (code ?? name)
  })
  return [...new Set(kinds.filter((kind) => typeof kind === 'string' && !saysNothing.test(kind)))]
    .slice(0, 4)
    .join(', ')
}

const tokenMessage = new RegExp(`${noToken}: [^\\n]*`)

export const toDependencyError = (error: unknown): DependencyError => {
  if (error instanceof DependencyError) return error
  const all = unwrapped(error)
  const text = all.map(textOf).join('\n')
  // kafkajs keeps the text of an inner error only.
  const tokenProblem = tokenMessage.exec(text)?.[0]
  if (tokenProblem !== undefined) return new DependencyError('kafka', tokenProblem, { cause: error })
  const known = remedies.find(({ pattern }) => pattern.test(text))
  const kind = kindOf(error, all)
  return new DependencyError(
    'kafka',
    known
      ? `${known.says}${kind === '' ? '' : ` (${kind})`}`
      : (unreachableIn(text) ??
          (closed.pattern.test(text) ? closed.says : undefined) ??
          `Kafka does not answer as expected (${kind}); check KAFKA_BROKERS and KAFKA_SECURITY_PROTOCOL`),
    { cause: error },
  )
}
