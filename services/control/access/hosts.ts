/**
 * Which `Host` headers the operators' listener takes. A page of another site can make its own name lead to this address (DNS rebinding);
 * its requests carry that name, and are refused.
 */

/** The name in a `Host` header, without port and brackets; null for one that is no host. */
export const hostnameOf = (header: string): string | null => {
  const url = `http://${header}`
  if (/[/?#@\\\s]/.test(header) || !URL.canParse(url)) return null
  return new URL(url).hostname.replace(/^\[|\]$/g, '')
}

export const isLoopbackName = (name: string): boolean =>
  name === 'localhost' || name === '::1' || /^127(?:\.\d+){3}$/.test(name)

/** @param allowed host names without port; loopback names are always allowed */
export const isAllowedHost = (header: string | undefined, allowed: readonly string[]): boolean => {
  const name = header === undefined ? null : hostnameOf(header)
  return name !== null && (isLoopbackName(name) || allowed.some((one) => hostnameOf(one) === name))
}
