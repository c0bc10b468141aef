/** Where others reach the status server of this process. */
import { isIPv6 } from 'node:net'
import { hostname } from 'node:os'

const hostAndPort = /^(\[[0-9a-f:.]+\]|[^\s:/@[\]]+)(?::(\d{1,5}))?$/i

/** Listens on every address of its host: none of them says where that is. */
const wildcards = ['0.0.0.0', '::', '[::]']

const inUrl = (host: string) => (isIPv6(host) ? `[${host}]` : host)

/** @returns null: neither a host name nor an IP address */
const parse = (text: string): { readonly host: string; readonly port: number | null } | null => {
  if (isIPv6(text)) return { host: inUrl(text), port: null }
  const [, host, port] = hostAndPort.exec(text) ?? []
  if (host === undefined || Number(port ?? 1) < 1 || Number(port ?? 1) > 65_535) return null
  return URL.canParse(`http://${host}`) ? { host, port: port === undefined ? null : Number(port) } : null
}

export const isStatusAddress = (text: string): boolean => parse(text) !== null

export interface StatusListener {
  /** STATUS_ADDRESS: a host name or an IP address, with a port where it is another one than that of the listener. */
  readonly given: string | undefined
  /** Address on which the server listens. */
  readonly bind: string
  readonly port: number
}

/** `http://10.0.0.7:9100/metrics`. @param host this machine's name, which a listener on all addresses gets */
export const statusAddress = ({ given, bind, port }: StatusListener, host = hostname()): string => {
  const own = given === undefined ? null : parse(given)
  const name = own?.host ?? inUrl(wildcards.includes(bind) ? host : bind)
  return new URL(`http://${name}:${own?.port ?? port}/metrics`).href
}
