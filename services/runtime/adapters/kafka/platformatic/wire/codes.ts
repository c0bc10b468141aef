/** Makes errors of the protocol's error codes, for responses that platformatic does not parse. */
import { protocolErrors } from '@platformatic/kafka'

const byCode = new Map(Object.values(protocolErrors).map((one) => [one.code, one]))

export const nameOf = (code: number): string => byCode.get(code)?.id ?? `error ${code}`

export const errorOf = (code: number): Error => {
  const known = byCode.get(code)
  return Object.assign(new Error(known?.message ?? `error ${code}`), {
    apiId: nameOf(code),
    canRetry: known?.canRetry ?? false,
  })
}
