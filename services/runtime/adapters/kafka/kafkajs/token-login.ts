/** SASL OAUTHBEARER for kafkajs. Its own implementation does not read the broker's answer, and so takes a refused token for a login. */
import kafkajs, { type AuthenticationProviderArgs, type Authenticator } from 'kafkajs'
import { rejectedToken } from '../login/rejected-token.ts'
import type { KafkaSasl } from '../login/settings.ts'

const separator = '\u0001'
const lengthBytes = 4

/** RFC 7628, section 3.1, with a length in front as kafkajs sends all bytes. */
const encode = (token: string, extensions: Readonly<Record<string, string>>): Buffer => {
  const pairs = Object.entries(extensions).map(([name, value]) => `${separator}${name}=${value}`)
  const text = Buffer.from(`n,,${separator}auth=Bearer ${token}${pairs.join('')}${separator}${separator}`)
  const length = Buffer.alloc(lengthBytes)
  length.writeInt32BE(text.length)
  return Buffer.concat([length, text])
}

export const tokenLogin =
  ({ token, extensions }: Extract<KafkaSasl, { mechanism: 'OAUTHBEARER' }>) =>
  ({ saslAuthenticate }: AuthenticationProviderArgs): Authenticator => ({
    authenticate: async () => {
      const bytes = encode(await token(), extensions)
      await saslAuthenticate({
        request: { encode: () => bytes },
        response: {
          decode: (answer) => answer.subarray(lengthBytes),
          parse: (answer) => {
            const problem = rejectedToken(answer)
            if (problem) throw new kafkajs.KafkaJSNonRetriableError(problem.message)
          },
        },
      })
    },
  })
