import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { hostname } from 'node:os'
import { consoleFields } from '../../../services/control/config.ts'
import { processesOf } from '../../../services/control/instance-states.ts'
import { StageProbes } from '../../../services/control/stage-probes.ts'
import { systemClock } from '../../../services/runtime/clock.ts'
import { loadConfig } from '../../../services/runtime/config.ts'
import { type HeardProcess, proofOf } from '../../../services/runtime/health/heartbeats.ts'
import { DependencyError } from '../../../services/runtime/ports.ts'
import { FakeClock } from '../../support/fake-clock.ts'
import { heartbeatOf } from '../../support/heartbeats.contract.ts'

const { STAGE_METRICS_URLS } = consoleFields
const urlsOf = (text: string) => loadConfig({ STAGE_METRICS_URLS }, { STAGE_METRICS_URLS: text }).STAGE_METRICS_URLS
const probesOf = (text: string) => new StageProbes({ dataDir: '/nowhere', urls: urlsOf(text), clock: systemClock })

describe('STAGE_METRICS_URLS', () => {
  it('names the metrics of stages, some or all', () => {
    expect(urlsOf('gateway=http://gateway:9100/metrics, dispatch=https://d.example/a=b/metrics')).toEqual({
      gateway: 'http://gateway:9100/metrics',
      dispatch: 'https://d.example/a=b/metrics',
    })
  })

  it.each([
    'http://gateway:9100/metrics',
    'gate=http://gateway/metrics',
    'gateway=http://gateway:9100',
    'gateway=',
    'control=http://c/metrics',
  ])('refuses %s', (text) => expect(() => urlsOf(text)).toThrow(/STAGE_METRICS_URLS.*must be stage=URL/))
})

describe('the instances of a stage', () => {
  it('are the addresses of its host; a stage that is not named has none', async () => {
    const addresses = await probesOf(
      'gateway=http://127.0.0.1:9100/metrics,ingest=http://[::1]:9100/metrics',
    ).addresses()
    expect(addresses).toMatchObject({
      gateway: ['http://127.0.0.1:9100/metrics'],
      ingest: ['http://[::1]:9100/metrics'],
      keywords: [],
    })
  })

  it('are one where the host has an address of each kind', async () => {
    expect((await probesOf('gateway=http://localhost:1/metrics').addresses()).gateway).toHaveLength(1)
  })

  it('are one where a certificate names the host', async () => {
    expect((await probesOf('gateway=https://localhost:1/metrics').addresses()).gateway).toEqual([
      'https://localhost:1/metrics',
    ])
  })

  it('is one that does not answer, where the host is unknown or nothing listens', async () => {
    const { gateway } = await probesOf('gateway=http://127.0.0.1:1/metrics').read()
    expect(gateway).toEqual([{ url: 'http://127.0.0.1:1/metrics', health: null, metrics: null }])
  })
})

describe('a process that announces itself', () => {
  const token = 'a-status-token-of-the-test'
  let server: Server
  let address = ''
  beforeAll(async () => {
    const report = { state: 'running', reason: null, healthy: true, oldestUnprocessedSeconds: 0 }
    server = createServer((_, response) => void response.end(JSON.stringify(report)))
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    address = `http://127.0.0.1:${(server.address() as AddressInfo).port}/metrics`
  })
  afterAll(() => new Promise((resolve) => server.close(resolve)))

  /** `fetch` refuses this port at once. */
  const closed = 'http://127.0.0.1:1/metrics'
  const heardOf = (more: Partial<HeardProcess>): HeardProcess => ({
    ...{ ...heartbeatOf('ingest'), host: hostname(), address, silentMs: 2_000 },
    ...more,
  })
  const open = (heard: () => readonly HeardProcess[], urls = '') =>
    new StageProbes({
      ...{ dataDir: '/nowhere', urls: urls === '' ? {} : urlsOf(urls), clock: systemClock, statusToken: token },
      heartbeats: async () => heard(),
    })
  const seen = async (probes: StageProbes) =>
    processesOf(await probes.read()).map(({ stage, host, state, silentSeconds }) => [stage, host, state, silentSeconds])

  it('is asked where it says that it is, and control for its health alone', async () => {
    const probes = open(() => [heardOf({}), heardOf({ stage: 'control' })])
    const { ingest, keywords, control } = await probes.read()
    expect(ingest).toMatchObject([{ url: address, health: { state: 'running' }, metrics: expect.any(String) }])
    expect(control).toMatchObject([{ url: address, health: { state: 'running' }, metrics: null }])
    expect(keywords).toEqual([])
  })

  it('is one with that of STAGE_METRICS_URLS, by the address of its host', async () => {
    const { port } = new URL(address)
    const named = `ingest=http://localhost:${port}/metrics`
    const { ingest } = await open(() => [heardOf({})], named).read()
    expect(ingest).toMatchObject([{ health: { state: 'running' }, heard: { version: '0.2.0' }, isUnproven: false }])
  })

  it('is one with that which it has replaced at its address', async () => {
    const before = heardOf({ instance: 'before', pid: 16, silentMs: 20_000 })
    expect((await open(() => [heardOf({}), before]).read()).ingest).toHaveLength(1)
  })

  it('is out of reach, and not down, where its address does not answer here', async () => {
    const far = 'http://worker-2.invalid:9100/metrics'
    const heard = () => [heardOf({ host: 'worker-2', address: far })]
    expect(await seen(open(heard))).toEqual([['ingest', 'worker-2', 'out-of-reach', null]])
  })

  it('is down, where it is of this machine alone and does not answer', async () =>
    expect(await seen(open(() => [heardOf({ address: closed })]))).toEqual([
      ['ingest', hostname(), 'unreachable', null],
    ]))

  it('is not looked for on this machine, when another one means itself by that address', async () => {
    expect(await seen(open(() => [heardOf({ host: 'another' })]))).toEqual([
      ['ingest', 'another', 'out-of-reach', null],
    ])
    const both = open(() => [heardOf({}), heardOf({ host: 'another' })])
    expect((await seen(both)).map(([, host, state]) => [host, state])).toEqual([
      [hostname(), 'running'],
      ['another', 'out-of-reach'],
    ])
  })

  it('is down when it does not answer and was not heard of for 15 s', async () =>
    expect(await seen(open(() => [heardOf({ address: closed, silentMs: 22_400 })]))).toEqual([
      ['ingest', hostname(), 'unreachable', 22],
    ]))

  it('is down at once, when it has answered before', async () => {
    const other = createServer((_, response) => void response.end('{"state":"running"}'))
    await new Promise<void>((resolve) => other.listen(0, resolve))
    const own = `http://0.0.0.0:${(other.address() as AddressInfo).port}/metrics`
    const probes = open(() => [heardOf({ address: own })])
    expect(await seen(probes)).toMatchObject([['ingest', hostname(), 'running', null]])
    other.closeAllConnections()
    await new Promise((resolve) => other.close(resolve))
    expect(await seen(probes)).toMatchObject([['ingest', hostname(), 'unreachable', null]])
  })

  it('is still known while Redis does not answer, or hangs', async () => {
    let isAway = false
    const probes = open(() => {
      if (isAway) throw new DependencyError('redis', 'Redis does not answer')
      return [heardOf({})]
    })
    await probes.read()
    isAway = true
    expect(await seen(probes)).toMatchObject([['ingest', hostname(), 'running', null]])
    expect(probes.problem).toBe('Redis does not answer')
    const clock = new FakeClock()
    const hanging = new StageProbes({ dataDir: '/nowhere', urls: {}, clock, heartbeats: () => new Promise(() => {}) })
    const found = seen(hanging)
    await clock.advance(800)
    expect(await found).toEqual([])
    expect(hanging.problem).toMatch(/Redis does not answer within/)
  })

  it('is sent STATUS_TOKEN only where it shows that it knows it', async () => {
    const proof = proofOf(address, [token])
    expect((await open(() => [heardOf({ proof })]).read()).ingest).toMatchObject([{ isUnproven: false }])
    expect((await open(() => [heardOf({})]).read()).ingest).toMatchObject([{ isUnproven: true }])
  })
})
