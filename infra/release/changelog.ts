/** The changelog's headings at a release. Pure. */

const unreleased = /^## Unreleased(?:: (.+))?$/gm

/**
 * Each section `## Unreleased: <theme>` becomes one of the version, and an empty `## Unreleased` opens above them.
 * @param date as 2026-11-28. @throws RangeError when nothing is unreleased, or the version is there already
 */
export const cutChangelog = (text: string, version: string, date: string): string => {
  if (new RegExp(`^## ${version.replaceAll('.', '\\.')}\\b`, 'm').test(text))
    throw new RangeError(`CHANGELOG.md has ${version} already: name a higher version`)
  const first = text.search(unreleased)
  if (first === -1) throw new RangeError('CHANGELOG.md has no section that is unreleased: there is nothing to release')
  const cut = text
    .slice(first)
    .replaceAll(unreleased, (_, theme?: string) => `## ${version}, ${date}${theme ? `: ${theme}` : ''}`)
  return `${text.slice(0, first)}## Unreleased\n\n${cut}`
}

/** True for a version above: 0.10.0 is above 0.9.1. */
export const isAbove = (version: string, than: string): boolean => {
  const [a, b] = [version, than].map((one) => one.split('.').map(Number))
  const at = [0, 1, 2].find((index) => a?.[index] !== b?.[index])
  return at !== undefined && (a?.[at] ?? 0) > (b?.[at] ?? 0)
}
