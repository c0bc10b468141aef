/** What the Compose files promise; docs/deploy/compose.md says what was run. */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { parse } from 'yaml'
import { readImages, referenceOf } from '../../../services/local/parts/images.ts'
import { type ServiceName, serviceEnvironment } from '../../../services/local/supervisor/environments.ts'
import { readAddresses } from '../../../services/local/supervisor/prepared-folder.ts'
import { isSecret } from '../../../services/runtime/config.ts'
import { keyHolders } from '../../../services/runtime/keys/key-holders.ts'

interface Service {
  readonly image: string
  readonly command?: readonly string[]
  readonly environment?: Readonly<Record<string, string>>
  readonly networks?: readonly string[]
  readonly ports?: readonly string[]
  readonly volumes?: readonly string[]
  readonly read_only?: boolean
  readonly cap_drop?: readonly string[]
  readonly security_opt?: readonly string[]
}

const folder = join(import.meta.dirname, '../../../infra/compose')
const read = (file: string) =>
  parse(readFileSync(join(folder, file), 'utf8'), { merge: true }) as {
    services: Record<string, Service>
    networks: Record<string, { internal?: boolean }>
  }
const single = read('compose.yaml')
const cluster = read('compose.cluster.yaml')
const services = Object.entries({ ...single.services, 'dispatch-2': cluster.services['dispatch-2'] as Service })
const ours = services.filter(([, { image }]) => image.includes('messaging-signals'))
const processes = ours.filter(([, { command }]) => command?.[0] === 'run')
/** `${NAME:-value}` → `value` */
const byDefault = (text: string) => text.replaceAll(/\$\{\w+:-([^}]*)\}/g, '$1')

describe('the Compose files', () => {
  it('start every process', () => {
    expect(processes.map(([, { command }]) => command?.[1]).sort()).toEqual(
      [...keyHolders, 'dispatch', 'simulator'].sort(),
    )
  })

  it('take the images of infra/images.json', () => {
    const images = readImages(undefined)
    const parts = services.filter(([, { image }]) => !image.includes('messaging-signals'))
    for (const [name, { image }] of parts)
      expect([name, byDefault(image)]).toEqual([name, referenceOf(images[name] as never)])
    for (const name of ['kafka-2', 'kafka-3'])
      expect(byDefault(cluster.services[name]?.image ?? '')).toBe(referenceOf(images.kafka as never))
  })

  it.each(ours)('give %s a root that it cannot write to, and no rights', (_, service) => {
    expect(service).toMatchObject({ read_only: true, cap_drop: ['ALL'], security_opt: ['no-new-privileges:true'] })
  })

  it.each(services)('give %s no secret but as a file', (_, { environment = {} }) => {
    expect(Object.keys(environment).filter((name) => isSecret(name))).toEqual([])
    expect(JSON.stringify(environment)).not.toMatch(/:\/\/[^/"]*:[^/"]*@/)
  })

  it.each(processes.filter(([, { command }]) => command?.[1] !== 'simulator'))(
    'give %s its own secrets alone, and settings that it reads',
    (_, { command = [], environment = {}, volumes = [] }) => {
      const process = command[1] as string
      const files = Object.entries(environment).filter(([name]) => name.endsWith('_FILE'))
      expect(files.length).toBeGreaterThan(0)
      for (const [, path] of files) expect(path).toMatch(new RegExp(`^/run/signals/${process}/`))
      const secrets = volumes.filter((volume) => volume.startsWith('secrets-'))
      expect(secrets).toEqual([`secrets-${process}:/run/signals/${process}:ro`])
      const service = (process === 'control' ? 'console' : process) as ServiceName
      const seen = serviceEnvironment(service, Object.fromEntries(Object.keys(environment).map((name) => [name, 'x'])))
      expect(Object.keys(environment).filter((name) => !(name in seen))).toEqual([])
    },
  )

  it.each(services)('publish %s on this machine alone', (_, { ports = [] }) => {
    expect(ports.filter((port) => !port.startsWith('127.0.0.1:'))).toEqual([])
  })

  it('keep the parts without a password in a network that leads nowhere else', () => {
    expect(single.networks.parts).toEqual({ internal: true })
    for (const name of ['kafka', 'registry', 'redis']) {
      expect(single.services[name]?.networks).toEqual(['parts'])
      expect(single.services[name]?.ports).toBeUndefined()
    }
  })

  it('tell the commands addresses that are those of the services', () => {
    const { metrics, ...addresses } = readAddresses(join(folder, 'addresses.json'))
    for (const [stage, url] of Object.entries(metrics)) expect(url).toBe(`http://${stage}:9100/metrics`)
    expect(addresses.brokers).toBe(single.services.gateway?.environment?.KAFKA_BROKERS)
    expect(addresses.registry).toBe(single.services.gateway?.environment?.SCHEMA_REGISTRY_URL)
  })
})
