import { spawn } from 'node:child_process'
import { existsSync, readFileSync } from 'node:fs'
import { getPriority } from 'node:os'
import { lowerPriority } from '../../../../services/local/processes/priority.ts'
import { systemClock } from '../../../../services/runtime/clock.ts'

describe('a process that comes after others', () => {
  it('has a higher niceness, by itself and in its session', async () => {
    const child = spawn('sleep', ['60'], { detached: true, stdio: 'ignore' })
    const pid = child.pid as number
    try {
      await lowerPriority(pid, 10, systemClock, () => child.exitCode === null)
      expect(getPriority(pid)).toBe(10)
      const group = `/proc/${pid}/autogroup`
      const shown = existsSync(group) ? readFileSync(group, 'utf8').trim() : ''
      // Empty where the system has no such groups.
      expect(shown === '' || shown.endsWith('nice 10')).toBe(true)
    } finally {
      child.kill('SIGKILL')
    }
  })

  it('may have ended', async () => {
    const child = spawn('true', { detached: true, stdio: 'ignore' })
    await new Promise((resolve) => child.once('exit', resolve))
    await expect(lowerPriority(child.pid as number, 10, systemClock, () => false)).resolves.toBeUndefined()
  })
})
