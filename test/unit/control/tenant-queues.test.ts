import { WorkRefused } from '../../../services/control/admin/insight.ts'
import { openTenantQueues } from '../../../services/control/admin/tenant-queues.ts'

/** Works that end when they are told to, and the order in which they began. */
const open = () => {
  const run = openTenantQueues()
  const begun: string[] = []
  const ends: (() => void)[] = []
  const ask = (tenant: string | null, name: string) => {
    const work = () => {
      begun.push(name)
      return new Promise<string>((resolve) => ends.push(() => resolve(name)))
    }
    return run(tenant, work)
  }
  /** Ends the work that runs, and lets the next begin. */
  const end = async () => {
    ends.shift()?.()
    await new Promise(setImmediate)
  }
  return { run, ask, begun, end }
}

describe('works of several tenants', () => {
  it('run one at a time, of each tenant in turn', async () => {
    const { ask, begun, end } = open()
    const all = [ask('a', 'a1'), ask('a', 'a2'), ask('a', 'a3'), ask('b', 'b1'), ask(null, 'all')]
    await end()
    expect(begun).toEqual(['a1'])
    for (let n = 0; n < 5; n++) await end()
    expect(begun).toEqual(['a1', 'a2', 'b1', 'all', 'a3'])
    expect(await Promise.all(all)).toEqual(['a1', 'a2', 'a3', 'b1', 'all'])
  })

  it('are refused beyond four of one tenant, which keeps no other out', async () => {
    const { ask } = open()
    for (let n = 0; n < 4; n++) void ask('a', `a${n}`)
    await expect(ask('a', 'a4')).rejects.toThrow(WorkRefused)
    await new Promise(setImmediate)
    await expect(ask('a', 'a4')).rejects.toThrow(WorkRefused)
    void ask('b', 'b')
  })

  it('go on after one that fails', async () => {
    const { run } = open()
    const failing = run('a', () => {
      throw new Error('broken')
    })
    const next = run('a', async () => 'done')
    await expect(failing).rejects.toThrow('broken')
    expect(await next).toBe('done')
  })
})
