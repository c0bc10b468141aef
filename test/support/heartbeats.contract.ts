/** What a Redis must do for heartbeats; test/integration holds a real one to it. */
import {
  type Heartbeat,
  type ProcessName,
  readHeartbeats,
  removeHeartbeat,
  writeHeartbeat,
} from '../../services/runtime/health/heartbeats.ts'
import type { RedisCommands } from '../../services/runtime/ports.ts'

export const heartbeatOf = (stage: ProcessName, more: Partial<Heartbeat> = {}): Heartbeat => ({
  ...{ instance: `${stage}-1`, stage, version: '0.2.0', address: 'http://10.0.0.1:9100/metrics', host: 'worker-1' },
  ...{ pid: 17, since: 1_000, partitions: {}, proof: null },
  ...more,
})

export const heartbeatsContract = (name: string, open: () => Pick<RedisCommands, 'evalMany'>) =>
  describe(`${name} keeps heartbeats`, () => {
    it('of each instance, with what it says of itself', async () => {
      const redis = open()
      const partitions = { 'channel-events.v1': [0, 3] }
      await writeHeartbeat(redis, heartbeatOf('ingest', { partitions }))
      await writeHeartbeat(redis, heartbeatOf('ingest', { instance: 'ingest-2', host: 'worker-2' }))
      await writeHeartbeat(redis, heartbeatOf('control'))
      const found = await readHeartbeats(redis)
      expect(found.map(({ stage, instance }) => [stage, instance]).sort()).toEqual([
        ['control', 'control-1'],
        ['ingest', 'ingest-1'],
        ['ingest', 'ingest-2'],
      ])
      const first = found.find(({ instance }) => instance === 'ingest-1')
      expect(first).toEqual({ ...heartbeatOf('ingest', { partitions }), silentMs: expect.any(Number) })
      expect(first?.silentMs).toBeLessThan(15_000)
    })

    it('once for each instance, until it takes its own back', async () => {
      const redis = open()
      for (const version of ['0.2.0', '0.3.0']) await writeHeartbeat(redis, heartbeatOf('keywords', { version }))
      await writeHeartbeat(redis, heartbeatOf('keywords', { instance: 'keywords-2' }))
      const own = async () => (await readHeartbeats(redis)).filter(({ stage }) => stage === 'keywords')
      expect((await own()).map(({ version }) => version).sort()).toEqual(['0.2.0', '0.3.0'])
      await removeHeartbeat(redis, heartbeatOf('keywords'))
      expect((await own()).map(({ instance }) => instance)).toEqual(['keywords-2'])
      await removeHeartbeat(redis, heartbeatOf('keywords'))
    })
  })
