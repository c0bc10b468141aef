import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { tasksVariable } from '../../services/local/processes/shared-process.ts'
import { eventually } from '../support/eventually.ts'

const root = join(import.meta.dirname, '../..')

/** The process of several services, with a simulator that works and a gateway that lacks its settings. */
describe('a process of several services', () => {
  let child: ChildProcess
  let output = ''
  const address = () => /"service":"simulator".*?"address":"(http:[^"]+)"/.exec(output)?.[1]

  beforeAll(async () => {
    const tasks = [
      { name: 'simulator', env: { SIMULATOR_PORT: '0' } },
      { name: 'gateway', env: {} },
    ]
    child = spawn(process.execPath, [join(root, 'services/local/compact/main.ts')], {
      env: { PATH: process.env.PATH, [tasksVariable]: JSON.stringify(tasks) },
      stdio: ['ignore', 'ignore', 'pipe'],
    })
    child.stderr?.setEncoding('utf8').on('data', (part: string) => {
      output += part
    })
    await eventually('a simulator', () => address() !== undefined, 30_000)
  }, 40_000)
  afterAll(() => child.kill('SIGKILL'))

  it('starts the one that fails again and again, while the other works', async () => {
    await eventually('a third start', () => output.includes('gateway ended (code 1), starting it again in 0.5 s'))
    expect(output).toMatch(/"service":"gateway".*wrong configuration/)
    expect(output.match(/"service":"simulator".*"running"/g)).toHaveLength(1)
    expect((await fetch(`${address()}/readyz`)).status).toBe(200)
  })

  it('ends when all have stopped, however one of them fares', async () => {
    child.kill('SIGTERM')
    expect(await once(child, 'exit')).toEqual([0, null])
    expect(output).toMatch(/"service":"simulator".*"stopped"/)
  })
})
