/** Which licences may be in what is shipped, and what a package of it must have. */

/** A package in CycloneDX, as far as it is read here. */
export interface Component {
  readonly name: string
  readonly version: string
  readonly licenses?: readonly { readonly license?: { readonly id?: string }; readonly expression?: string }[]
  readonly hashes?: readonly unknown[]
}

const allowed = new Set([
  'MIT',
  'Apache-2.0',
  'ISC',
  'BSD-2-Clause',
  'BSD-3-Clause',
  'BlueOak-1.0.0',
  '0BSD',
  'CC0-1.0',
  // A dedication to the public domain with a licence for where that is not possible, as CC0-1.0; it asks nothing. Approved by the OSI.
  'Unlicense',
])

export const licencesOf = ({ licenses = [] }: Component): string =>
  licenses.map(({ license, expression }) => license?.id ?? expression ?? '').join(' AND ')

/** Of alternatives one is enough, of parts all are needed. */
const isAllowed = (expression: string): boolean =>
  expression
    .replace(/[()]/g, '')
    .split(' AND ')
    .every((part) => part.split(' OR ').some((one) => allowed.has(one.trim())))

/** Names that no component has: what browsers get and the lock file does not name. */
export const missingComponents = (names: readonly string[], components: readonly Component[]): readonly string[] =>
  names.filter((name) => !components.some((component) => component.name === name))

export const supplyProblems = (components: readonly Component[]): readonly string[] =>
  components.flatMap((component) => {
    const { name, version, hashes = [] } = component
    const licences = licencesOf(component)
    return [
      ...(isAllowed(licences) ? [] : [`${name} ${version}: licence ${licences || 'not named'} is not in the list`]),
      ...(hashes.length > 0 ? [] : [`${name} ${version}: has no checksum in the lock file`]),
    ]
  })
