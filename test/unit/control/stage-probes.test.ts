import { consoleFields } from '../../../services/control/config.ts'
import { StageProbes } from '../../../services/control/stage-probes.ts'
import { loadConfig } from '../../../services/runtime/config.ts'

const { STAGE_METRICS_URLS } = consoleFields
const urlsOf = (text: string) => loadConfig({ STAGE_METRICS_URLS }, { STAGE_METRICS_URLS: text }).STAGE_METRICS_URLS
const probesOf = (text: string) => new StageProbes({ dataDir: '/nowhere', urls: urlsOf(text) })

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
