/** The state of a list in the address, so that a link carries the view. */
import { useLocation, useSearch } from 'wouter-preact'

type Change = (changes: Readonly<Record<string, string>>, options?: { readonly isNewEntry?: boolean }) => void

/**
 * @returns the parameters of the address, and a function that changes some; '' removes one. A change other than of the page leads to the first page. A new
 * entry is one that the browser's way back leaves again.
 */
export const useViewState = (): readonly [URLSearchParams, Change] => {
  const params = new URLSearchParams(useSearch())
  const [location, navigate] = useLocation()
  const change: Change = (changes, { isNewEntry = false } = {}) => {
    const next = new URLSearchParams(params)
    if (!('page' in changes)) next.delete('page')
    for (const [name, value] of Object.entries(changes)) {
      if (value === '') next.delete(name)
      else next.set(name, value)
    }
    navigate(`${location}${next.size > 0 ? `?${next}` : ''}`, { replace: !isNewEntry })
  }
  return [params, change]
}
