/**
 * Follows the guide "A new source in fifteen minutes" on a running pipeline: writes its files and runs its commands in order. Then
 * tests the guide's promises about later changes.
 */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { chmodSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { parse } from 'yaml'
import { eventually } from '../support/eventually.ts'
import { noParts, openWorld, type World } from '../support/world.ts'

const root = join(import.meta.dirname, '../..')
const guide = readFileSync(join(root, 'docs/sources/new-source.md'), 'utf8')
const mappingFile = 'my-partner/my-partner.yaml'

type Step =
  | { readonly kind: 'file'; readonly path: string; readonly text: string }
  | { readonly kind: 'run'; readonly text: string }

/** The line before a code block names its file. Blocks of type `text` are consecutive parts of the mapping. */
const steps = [...guide.matchAll(/(?:`([^`\n]+)`:\n\n)?```(\w+)\n([\s\S]*?)```/g)].map(
  ([, path, language, text = '']): Step => {
    if (language === 'sh') return { kind: 'run', text }
    if (language === 'text') return { kind: 'file', path: mappingFile, text }
    return { kind: 'file', path: path as string, text }
  },
)

let world: World
let folder: string
const shell = async (text: string, env: Record<string, string> = {}) => {
  const child = spawn('bash', ['-euo', 'pipefail', '-c', text], {
    cwd: folder,
    env: {
      ...process.env,
      SIGNALS_DATA_DIR: world.dataDir,
      ...noParts,
      ...env,
      PATH: `${join(folder, 'bin')}:${process.env.PATH}`,
    },
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  let output = ''
  child.stdout.on('data', (part: Buffer) => {
    output += part.toString()
  })
  const [code] = await once(child, 'close')
  return { code, output }
}

beforeAll(async () => {
  world = await openWorld()
  folder = mkdtempSync(join(tmpdir(), 'signals-guide-'))
  // A project root as in the guide, with `npx signals` and `.signals`.
  mkdirSync(join(folder, 'bin'))
  const npx = join(folder, 'bin/npx')
  writeFileSync(npx, `#!/bin/sh\nshift\nexec '${process.execPath}' '${join(root, 'services/cli/signals.js')}' "$@"\n`)
  chmodSync(npx, 0o755)
  symlinkSync(process.execPath, join(folder, 'bin/node'))
  symlinkSync(world.dataDir, join(folder, '.signals'))
}, 120_000)
afterAll(async () => {
  await world?.stop()
  if (folder) rmSync(folder, { recursive: true, force: true })
})

const gateway = () => world.pipeline.ready.gateway
const post = () =>
  fetch(`${gateway()}/webhooks/my-partner?key=a-key-for-the-address`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    // Names the account; its connection has the key.
    body: '{"batches":[{"page":{"id":"shop-7"}}]}',
  }).then(({ status }) => status)

describe('the guide to a new source', () => {
  it('leads from a sample to signals, word for word', async () => {
    expect(steps.length).toBeGreaterThan(12)
    const outputs: string[] = []
    const env: Record<string, string> = {}
    for (const step of steps) {
      if (step.kind === 'file') {
        const path = join(folder, step.path)
        mkdirSync(dirname(path), { recursive: true })
        writeFileSync(path, step.text, { flag: step.path === mappingFile ? 'a' : 'w' })
        continue
      }
      const assigned = /^(\w+)=\$\(/.exec(step.text)?.[1]
      if (step.text.includes('curl'))
        await eventually('the gateway accepts the source', async () => (await post()) === 200)
      const { code, output } = await shell(assigned ? `${step.text}echo "$${assigned}"` : step.text, env)
      expect([step.text, code]).toEqual([step.text, 0])
      if (assigned) env[assigned] = output.trim()
      outputs.push(output)
    }
    const all = outputs.join('')
    expect(all).toContain('1 samples: 5 events, 2 ignored, 0 failed; all good')
    expect(all).toMatch(/not read: body\.batches\[\]\.page\.name/)
    expect(outputs.at(-1)?.trim()).toBe('200')
    const events = await world.arrivedCount(2)
    expect(events.map(({ event, user, properties }) => [event, user.ttclid, properties]).sort()).toEqual([
      ['Conversation', 'spring/1', {}],
      ['Keyword', 'spring/1', { payment: true }],
    ])
    const shipped = parse(readFileSync(join(root, 'services/shared/sources/mappings/example-partner.yaml'), 'utf8'))
    expect(parse(readFileSync(join(folder, mappingFile), 'utf8'))).toEqual({ ...shipped, source: 'my-partner' })
  }, 120_000)

  it('keeps the active mapping when its file becomes invalid, and drops a removed one', async () => {
    const file = join(world.dataDir, 'mappings/my-partner.yaml')
    const good = readFileSync(file, 'utf8')
    const health = async (stage: 'gateway' | 'ingest') => {
      const url = (world.pipeline.ready.metrics[stage] as string).replace('/metrics', '/healthz')
      return (
        (await (await fetch(url)).json()) as {
          details: { mappings: { own: { version: number }[]; refused: { problem: string }[] } }
        }
      ).details.mappings
    }
    writeFileSync(file, good.replace('choose: first', 'choose: second'))
    await eventually('both report the invalid file', async () =>
      (await Promise.all([health('gateway'), health('ingest')])).every(({ refused }) => refused.length === 1),
    )
    expect((await health('ingest')).refused[0]?.problem).toMatch(
      /^my-partner\.yaml:\d+: rules\.0\.choose must be one of/,
    )
    expect(await post()).toBe(200)
    writeFileSync(file, good.replace('version: 1', 'version: 2'))
    await eventually('both have the new version', async () =>
      (await Promise.all([health('gateway'), health('ingest')])).every(({ own }) => own[0]?.version === 2),
    )
    rmSync(file)
    await eventually('the gateway has dropped the mapping', async () => (await post()) === 404)
  })
})
