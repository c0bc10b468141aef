/**
 * `make image-check`: runs the image as production does, with a read-only root, no rights and no network, and says what it saw. Ends
 * with 1 if something is not as the deployment pages say.
 */
import { setTimeout as sleep } from 'node:timers/promises'
import { docker, engineProblem, imageName, tryDocker } from './docker.ts'

const mostBytes = 200 * 1_048_576
const slowestStartMs = 1_500
/** As the chart and Compose run it. */
const locked = ['--read-only', '--tmpfs', '/tmp', '--cap-drop', 'ALL', '--security-opt', 'no-new-privileges']

let failed = 0
const check = (name: string, isGood: boolean, seen: string) => {
  if (!isGood) failed++
  process.stdout.write(`${isGood ? 'ok  ' : 'BAD '} ${name}: ${seen}\n`)
}

const started: string[] = []
const run = (options: readonly string[], ...command: readonly string[]): string => {
  const id = docker('run', '--detach', ...locked, ...options, imageName, ...command)
  started.push(id)
  return id
}
const node = (id: string, code: string) => tryDocker('exec', id, '/usr/local/bin/node', '-e', code)

/** Whether the path answers with 200, asked from inside. */
const answers = (id: string, port: number, path: string): boolean =>
  node(id, `fetch('http://127.0.0.1:${port}${path}').then(({ok}) => process.exit(ok ? 0 : 1), () => process.exit(1))`)
    .code === 0

const until = async (isTrue: () => boolean, seconds: number): Promise<boolean> => {
  for (const end = Date.now() + seconds * 1_000; Date.now() < end; ) {
    if (isTrue()) return true
    await sleep(100)
  }
  return false
}

const logOf = (id: string): readonly string[] => tryDocker('logs', id).stderr.split('\n')

const settings = [
  'KAFKA_BROKERS=127.0.0.1:9',
  'REDIS_URL=redis://127.0.0.1:9',
  'SCHEMA_REGISTRY_URL=http://127.0.0.1:9',
]
const stageOptions = [...settings, `SIGNALS_MASTER_KEY=${Buffer.alloc(32, 7).toString('base64')}`].flatMap((one) => [
  '--env',
  one,
])

const checkImage = () => {
  const [image] = JSON.parse(docker('image', 'inspect', imageName)) as {
    Size: number
    Config: { User: string; Healthcheck?: object; Labels: Record<string, string>; Entrypoint: string[] }
  }[]
  if (!image) throw new Error('the image is not there')
  const { Size, Config } = image
  check('size', Size < mostBytes, `${(Size / 1_048_576).toFixed(0)} MiB, at most ${mostBytes / 1_048_576}`)
  check('user', /^[1-9]\d*:[1-9]\d*$/.test(Config.User), Config.User || 'root')
  check('health check', Config.Healthcheck !== undefined, Config.Healthcheck ? 'there' : 'none')
  const version = Config.Labels['org.opencontainers.image.version']
  check('labels', Boolean(version), `version ${version}`)
}

const checkContent = () => {
  const listing = `const fs = require('fs')
const has = (path) => fs.existsSync(path)
const tools = ['sh', 'bash', 'npm', 'npx', 'apt', 'dpkg', 'java', 'python3', 'curl', 'wget'].filter((tool) =>
  ['/bin', '/usr/bin', '/usr/local/bin', '/sbin', '/usr/sbin'].some((folder) => has(folder + '/' + tool)))
const sources = fs.readdirSync('/app', { recursive: true }).filter((file) => /\\.ts$/.test(file))
const sbom = JSON.parse(fs.readFileSync('/app/sbom.cdx.json', 'utf8')).components.length
let writable = true
try { fs.writeFileSync('/app/file', '') } catch { writable = false }
console.log(JSON.stringify({ tools, sources, sbom, writable }))`
  const { stdout } = tryDocker(
    ...['run', '--rm', '--network', 'none', ...locked, '--entrypoint', '/usr/local/bin/node', imageName, '-e', listing],
  )
  const { tools, sources, sbom, writable } = JSON.parse(stdout)
  check('shells, package managers and other tools', tools.length === 0, tools.join(', ') || 'none')
  check('TypeScript sources', sources.length === 0, sources.slice(0, 3).join(', ') || 'none')
  check('software bill of materials', sbom > 10, `${sbom} packages`)
  check('root file system', !writable, writable ? 'writable' : 'read-only')
}

/** A stage without its dependencies waits for them: alive, and not ready. */
const checkStage = async () => {
  const id = run(['--network', 'none', ...stageOptions], 'run', 'gateway')
  const alive = await until(() => answers(id, 9100, '/livez'), 20)
  check('a stage is alive without its dependencies', alive, alive ? 'it waits' : logOf(id).slice(-2).join('\n'))
  check('it is not ready then', !answers(id, 9100, '/readyz'), 'readyz is not 200')
  const before = Date.now()
  docker('stop', '--time', '25', id)
  const { ExitCode } = JSON.parse(docker('inspect', '--format', '{{json .State}}', id)) as { ExitCode: number }
  check('it stops in order', ExitCode === 0, `code ${ExitCode} after ${Date.now() - before} ms`)
}

const checkSettings = () => {
  const { code, stdout, stderr } = tryDocker('run', '--rm', '--network', 'none', ...locked, imageName, 'run', 'ingest')
  const named = `${stdout}${stderr}`.includes('KAFKA_BROKERS is not set')
  check('missing settings are named', code !== 0 && named, `code ${code}`)
}

/** Milliseconds from the start of the container's first process until a stage has read its settings. Docker's own work is not in it. */
const startOf = async (): Promise<number> => {
  const id = run(['--network', 'none', ...stageOptions], 'run', 'ingest')
  const isRead = (line: string) => line.includes('"msg":"configuration"')
  if (!(await until(() => logOf(id).some(isRead), 30))) throw new Error('the stage does not read its settings')
  const { StartedAt } = JSON.parse(docker('inspect', '--format', '{{json .State}}', id)) as { StartedAt: string }
  const { time } = JSON.parse(logOf(id).find(isRead) as string) as { time: string }
  docker('rm', '--force', id)
  return Date.parse(time) - Date.parse(StartedAt)
}

const checkStart = async () => {
  const times: number[] = []
  for (let i = 0; i < 5; i++) times.push(await startOf())
  // Other work on this machine only adds to it.
  const fastest = Math.min(...times)
  check('start of a stage', fastest < slowestStartMs, `${fastest} ms, the fastest of ${times.join(', ')}`)
}

/** The simulator needs nothing to be ready. */
const checkHealth = async () => {
  const id = run(['--network', 'none'], 'run', 'simulator')
  const health = () => docker('inspect', '--format', '{{.State.Health.Status}}', id)
  check('health check by readyz', await until(() => health() === 'healthy', 60), health())
}

const problem = engineProblem()
if (problem !== null) {
  process.stderr.write(`image-check: ${problem}\n`)
  process.exit(1)
}
try {
  checkImage()
  checkContent()
  checkSettings()
  await checkStage()
  await checkHealth()
  await checkStart()
} finally {
  for (const id of started) tryDocker('rm', '--force', '--volumes', id)
}
process.stdout.write(failed === 0 ? 'the image is as the pages say\n' : `${failed} things are not as the pages say\n`)
process.exitCode = failed === 0 ? 0 : 1
