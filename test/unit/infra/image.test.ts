/** What the Dockerfile promises, without a Docker engine; `make image-check` runs the image. */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { readImages, referenceOf } from '../../../services/local/parts/images.ts'

const root = join(import.meta.dirname, '../../..')
const read = (file: string) => readFileSync(join(root, file), 'utf8')

interface Instruction {
  readonly name: string
  readonly value: string
}

/** Without comments, and with continued lines as one. */
const instructionsOf = (text: string): readonly Instruction[] =>
  text
    .replaceAll(/^#.*\n/gm, '')
    .replaceAll(/\\\n\s*/g, '')
    .split('\n')
    .filter((line) => line.trim() !== '')
    .map((line) => {
      const at = line.indexOf(' ')
      return { name: line.slice(0, at), value: line.slice(at + 1).trim() }
    })

const all = instructionsOf(read('Dockerfile'))
const lastFrom = all.findLastIndex(({ name }) => name === 'FROM')
const runtime = all.slice(lastFrom)
const valuesOf = (name: string, instructions: readonly Instruction[] = runtime) =>
  instructions.filter((one) => one.name === name).map(({ value }) => value)

describe('the image', () => {
  it('is made from the digests of infra/images.json, which a build may replace', () => {
    const images = readImages(undefined)
    expect(valuesOf('ARG', all).slice(0, 2)).toEqual([
      `NODE_IMAGE=${referenceOf(images.node as never)}`,
      `RUNTIME_IMAGE=${referenceOf(images.runtime as never)}`,
    ])
    expect(valuesOf('FROM', all)).toEqual([`\${NODE_IMAGE} AS build`, `\${RUNTIME_IMAGE}`])
  })

  it('runs as a user without rights, by number, so that Kubernetes can tell', () =>
    expect(valuesOf('USER')).toEqual(['65532:65532']))

  it('runs nothing while the last stage is built, for which it would need a shell', () =>
    expect(valuesOf('RUN')).toEqual([]))

  it('starts Node itself as its first process, which so gets the signals', () => {
    expect(JSON.parse(valuesOf('ENTRYPOINT')[0] as string)).toEqual(['/usr/local/bin/node', '/app/signals.js'])
  })

  it('asks readyz for its health', () => {
    expect(valuesOf('HEALTHCHECK')[0]).toContain('/app/healthcheck.js')
    expect(read('infra/image/healthcheck.js')).toContain('/readyz')
  })

  it('holds no secret, and no setting of one installation', () => {
    const names = [...valuesOf('ENV'), ...valuesOf('ARG')].flatMap((text) =>
      Array.from(text.matchAll(/([A-Z_]+)=/g), ([, name = '']) => name),
    )
    expect(names.filter((name) => /(_KEYS?|_TOKEN|_SECRET|PASSWORD|_URL|BROKERS)$/.test(name))).toEqual([])
  })

  it('takes nothing from the folder but what it is made from', () => {
    const lines = read('.dockerignore').split('\n')
    expect(lines.filter((line) => line !== '' && !line.startsWith('#'))[0]).toBe('*')
    const allowed = lines.filter((line) => line.startsWith('!')).map((line) => line.slice(1))
    const copied = valuesOf('COPY', all)
      .filter((value) => !value.startsWith('--from'))
      .flatMap((value) => value.split(' ').slice(0, -1))
    expect(copied.filter((path) => !allowed.includes(path))).toEqual([])
    expect(allowed.filter((path) => !copied.includes(path))).toEqual([])
  })
})
