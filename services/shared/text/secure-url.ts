/** Which URLs may carry a secret: https, or http on this machine. */
import { z } from 'zod'

export const isLoopbackUrl = (url: string): boolean =>
  URL.canParse(url) && /^(localhost|127\.\d+\.\d+\.\d+|\[::1\])$/.test(new URL(url).hostname)

/** Why the URL cannot be used; undefined for one that can. */
const problemOf = (url: string): string | undefined => {
  const protocol = URL.canParse(url) ? new URL(url).protocol : ''
  if (protocol !== 'https:' && protocol !== 'http:') return 'must be an http(s) URL'
  if (protocol === 'http:' && !isLoopbackUrl(url)) return 'must be https: only addresses of this machine may be http'
  return undefined
}

/** For settings that name where secrets are sent. */
export const secureUrl = z.string().superRefine((url, context) => {
  const message = problemOf(url)
  if (message) context.addIssue({ code: 'custom', message })
})
