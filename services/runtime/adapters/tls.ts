/** Certificates in settings, and what is wrong with a TLS connection. Kafka's errors have their own page (`kafka/errors.ts`). */
import { readFileSync } from 'node:fs'

/** PEM text as it is, else the content of the file of that path. @throws when there is no such file */
export const pemOf = (value: string | undefined): string | undefined =>
  value === undefined || isPem(value) ? value : readFileSync(value, 'utf8')

const isPem = (text: string | undefined): boolean => text?.includes('-----BEGIN') ?? true

/** @returns a line for each of the settings that is neither PEM text nor the path of a file that can be read */
export const pemProblems = (config: Readonly<Record<string, unknown>>, names: readonly string[]): string[] =>
  names.flatMap((name) => {
    try {
      return isPem(pemOf(config[name] as string | undefined))
        ? []
        : [`${name}: the file is not PEM: it must hold a line -----BEGIN`]
    } catch {
      return [`${name}: must be PEM text or the path of a file that can be read`]
    }
  })

/** Each of two settings needs the other. @returns a line where one is missing */
export const pairProblems = (config: Readonly<Record<string, unknown>>, [one, other]: readonly [string, string]) =>
  [
    [one, other],
    [other, one],
  ].flatMap(([given = '', missing = '']) =>
    config[given] !== undefined && config[missing] === undefined ? [`${missing} is not set: ${given} needs it`] : [],
  )

interface TlsNames {
  /** The server, for the message. */
  readonly server: string
  readonly caSetting: string
  readonly addressSetting: string
}

/** Says what is wrong with the server's certificate or with ours; undefined for errors of another kind. */
export const tlsProblem = (error: unknown, { server, caSetting, addressSetting }: TlsNames): string | undefined => {
  const { code, message } = (error ?? {}) as { code?: unknown; message?: unknown }
  const text = `${code} ${message}`
  if (/CERT_HAS_EXPIRED|CERT_NOT_YET_VALID|certificate has expired/.test(text))
    return `the certificate of ${server} is not valid today: renew it there, or check the clock of this machine`
  if (/SELF_SIGNED_CERT|UNABLE_TO_(?:VERIFY|GET_ISSUER)|self[- ]signed|local issuer|unable to verify/i.test(text))
    return `the certificate of ${server} is signed by an unknown authority: set ${caSetting} to the certificate that signed it`
  if (/ERR_TLS_CERT_ALTNAME_INVALID|altnames/.test(text))
    return `the certificate of ${server} names another host: set ${addressSetting} to a name in the certificate`
  if (/EPROTO|wrong version number|TLS connection was established/i.test(text))
    return `${server} does not speak TLS at this address: check scheme and port of ${addressSetting}`
  return undefined
}
