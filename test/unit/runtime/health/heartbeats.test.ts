import {
  isProven,
  mixedVersions,
  proofOf,
  readHeartbeats,
  writeHeartbeat,
} from '../../../../services/runtime/health/heartbeats.ts'
import { heartbeatOf, heartbeatsContract } from '../../../support/heartbeats.contract.ts'
import { MemoryRedis } from '../../../support/memory-redis.ts'

heartbeatsContract('Redis in memory', () => new MemoryRedis())

describe('heartbeats', () => {
  it('say for how long a process is silent, by the clock of Redis', async () => {
    const redis = new MemoryRedis()
    redis.now = 1_700_000_000_123
    await writeHeartbeat(redis, heartbeatOf('dispatch'))
    redis.now += 17_000
    expect(await readHeartbeats(redis)).toMatchObject([{ stage: 'dispatch', silentMs: 17_000 }])
  })

  it('of a lost instance are dropped by the others after a minute; the last of a stage stays', async () => {
    const redis = new MemoryRedis()
    const instances = async () => (await readHeartbeats(redis)).map(({ instance, silentMs }) => [instance, silentMs])
    await writeHeartbeat(redis, heartbeatOf('ingest'))
    redis.now += 3_600_000
    expect(await instances()).toEqual([['ingest-1', 3_600_000]])
    await writeHeartbeat(redis, heartbeatOf('ingest', { instance: 'ingest-2' }))
    expect(await instances()).toEqual([['ingest-2', 0]])
  })

  it.each([
    ['an address that is none', { address: 'file:///etc/passwd' }],
    ['an address of something else', { address: 'http://10.0.0.1/admin' }],
    ['another stage', { stage: 'keywords' as const }],
    ['no host', { host: undefined as never }],
  ])('with %s do not count', async (_, wrong) => {
    const redis = new MemoryRedis()
    const text = JSON.stringify({ at: 0, ...heartbeatOf('ingest'), ...wrong })
    redis.values.set('{heartbeat}:ingest', Buffer.from(JSON.stringify([['field', text]])))
    expect(await readHeartbeats(redis)).toEqual([])
  })

  it('that are no JSON do not hide the others', async () => {
    const redis = new MemoryRedis()
    const text = JSON.stringify({ at: 0, ...heartbeatOf('ingest') })
    const fields = [
      ['one', '{"at":0,'],
      ['two', text],
    ]
    redis.values.set('{heartbeat}:ingest', Buffer.from(JSON.stringify(fields)))
    expect(await readHeartbeats(redis)).toHaveLength(1)
  })
})

describe('the proof of a heartbeat', () => {
  const token = 'a-status-token-of-the-test'
  const address = 'http://10.0.0.1:9100/metrics'

  it('shows that its process knows STATUS_TOKEN', () =>
    expect(isProven({ address, proof: proofOf(address, [token]) }, token)).toBe(true))

  it.each([
    ['another token', proofOf(address, ['another-token-of-the-test'])],
    ['another address', proofOf('http://10.0.0.2:9100/metrics', [token])],
    ['no token', proofOf(address, [])],
    ['something else', 'x'],
  ])('does not with %s', (_, proof) => expect(isProven({ address, proof }, token)).toBe(false))

  it('is never there without a token', () =>
    expect(isProven({ address, proof: proofOf(address, ['']) }, '')).toBe(false))
})

describe('versions beside each other', () => {
  it('are named with their stages, lowest first', () =>
    expect(
      mixedVersions([
        { stage: 'ingest', version: '0.10.0' },
        { stage: 'keywords', version: '0.9.0' },
        { stage: 'ingest', version: '0.10.0' },
        { stage: 'gateway', version: null },
      ]),
    ).toBe('0.9.0 (keywords), 0.10.0 (ingest)'))

  it('are none where one runs, or none is known', () => {
    expect(mixedVersions([{ stage: 'ingest', version: '0.2.0' }])).toBeNull()
    expect(mixedVersions([{ stage: 'gateway', version: null }])).toBeNull()
  })
})
