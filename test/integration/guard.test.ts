import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { identifyProcess, isAlive, type ProcessIdentity } from '../../services/local/processes/processes.ts'
import { writeState } from '../../services/local/supervisor/state-file.ts'
import { eventually } from '../support/eventually.ts'

const root = join(import.meta.dirname, '../..')

/** A supervisor that starts a guard, and dismisses it at a line. */
const supervisorProgram = (dataDir: string) => `
import { Guard } from ${JSON.stringify(join(root, 'services/local/supervisor/guard/guard.ts'))}
import { identifyProcess } from ${JSON.stringify(join(root, 'services/local/processes/processes.ts'))}
const guard = new Guard({
  file: ${JSON.stringify(join(root, 'services/local/supervisor/guard/main.ts'))},
  dataDir: ${JSON.stringify(dataDir)},
  supervisor: identifyProcess(process.pid),
  env: { PATH: process.env.PATH },
})
guard.start()
process.stdin.once('data', () => { guard.dismiss(); process.exit(0) })
console.log('started')
`

describe('the guard of a supervisor', () => {
  const dataDir = mkdtempSync(join(tmpdir(), 'signals-guard-'))
  let part: ChildProcess
  let supervisor: ChildProcess
  const identityOf = ({ pid }: ChildProcess) => identifyProcess(pid ?? 0) as ProcessIdentity

  beforeEach(async () => {
    part = spawn('sleep', ['120'], { stdio: 'ignore' })
    supervisor = spawn(process.execPath, ['--input-type=module', '--eval', supervisorProgram(dataDir)], {
      stdio: ['pipe', 'pipe', 'inherit'],
    })
    await once(supervisor.stdout as NonNullable<typeof supervisor.stdout>, 'data')
    const state = { children: { kafka: identityOf(part) }, addresses: null }
    writeState(dataDir, { ...state, supervisor: identityOf(supervisor) })
  })
  afterEach(() => {
    for (const process_ of [part, supervisor]) process_.kill('SIGKILL')
  })
  afterAll(() => rmSync(dataDir, { recursive: true }))

  it('ends the children of one that was killed', async () => {
    const identity = identityOf(part)
    supervisor.kill('SIGKILL')
    await eventually('the end of the part', () => !isAlive(identity))
  })

  it('leaves those of the next supervisor of the folder alone', async () => {
    const identity = identityOf(part)
    const own = identifyProcess(process.pid) as ProcessIdentity
    writeState(dataDir, { supervisor: own, children: { kafka: identity }, addresses: null })
    supervisor.kill('SIGKILL')
    await new Promise((resolve) => setTimeout(resolve, 1_500))
    expect(isAlive(identity)).toBe(true)
  })

  it('ends with the supervisor that has stopped everything', async () => {
    const identity = identityOf(part)
    supervisor.stdin?.write('\n')
    await once(supervisor, 'exit')
    await new Promise((resolve) => setTimeout(resolve, 1_500))
    expect(isAlive(identity)).toBe(true)
  })
})
