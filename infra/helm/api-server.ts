/** etcd and kube-apiserver of a check's own, as far as they are here: ETCD and KUBE_APISERVER name them, else PATH has them. */
import { type ChildProcess, spawn, spawnSync } from 'node:child_process'
import { generateKeyPairSync, randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'

const startMs = 180_000

const freePort = async (): Promise<number> => {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as { port: number }
  server.close()
  return port
}

export const programs = { etcd: process.env.ETCD || 'etcd', apiServer: process.env.KUBE_APISERVER || 'kube-apiserver' }

/** null: both are here. */
export const lackingProgram = (): string | null =>
  [programs.etcd, programs.apiServer].find((one) => spawnSync(one, ['--version']).error !== undefined) ?? null

export interface ApiServer {
  readonly url: string
  /** Of a user with every right. */
  readonly token: string
  stop(): Promise<void>
}

export const startApiServer = async (): Promise<ApiServer> => {
  const folder = mkdtempSync(join(tmpdir(), 'signals-api-server-'))
  const children: ChildProcess[] = []
  const stop = async () => {
    for (const child of children.reverse()) {
      if (child.exitCode !== null || child.signalCode !== null) continue
      const ended = once(child, 'exit')
      child.kill('SIGKILL')
      await ended
    }
    rmSync(folder, { recursive: true, force: true })
  }
  try {
    const [client, peer, secure] = [await freePort(), await freePort(), await freePort()]
    const local = (port: number) => `http://127.0.0.1:${port}`
    const etcd = [
      '--data-dir',
      join(folder, 'etcd'),
      '--listen-client-urls',
      local(client),
      '--advertise-client-urls',
      local(client),
    ]
    const ofPeers = [
      '--listen-peer-urls',
      local(peer),
      '--initial-advertise-peer-urls',
      local(peer),
      '--initial-cluster',
      `default=${local(peer)}`,
    ]
    children.push(spawn(programs.etcd, [...etcd, ...ofPeers, '--unsafe-no-fsync'], { stdio: 'ignore' }))
    const token = randomBytes(16).toString('hex')
    writeFileSync(join(folder, 'tokens.csv'), `${token},admin,admin,system:masters\n`)
    const { privateKey } = generateKeyPairSync('rsa', {
      modulusLength: 2048,
      privateKeyEncoding: { type: 'pkcs1', format: 'pem' },
      publicKeyEncoding: { type: 'spki', format: 'pem' },
    })
    writeFileSync(join(folder, 'accounts.pem'), privateKey)
    const accounts = join(folder, 'accounts.pem')
    let log = ''
    const server = spawn(
      programs.apiServer,
      [
        ...[
          `--etcd-servers=${local(client)}`,
          `--secure-port=${secure}`,
          '--bind-address=127.0.0.1',
          `--cert-dir=${join(folder, 'certificates')}`,
        ],
        ...[
          `--token-auth-file=${join(folder, 'tokens.csv')}`,
          '--authorization-mode=RBAC',
          '--service-cluster-ip-range=10.0.0.0/24',
        ],
        ...[
          '--service-account-issuer=https://signals.test',
          `--service-account-key-file=${accounts}`,
          `--service-account-signing-key-file=${accounts}`,
        ],
      ],
      { stdio: ['ignore', 'ignore', 'pipe'] },
    )
    server.stderr.setEncoding('utf8').on('data', (part: string) => {
      log = (log + part).slice(-2_000)
    })
    children.push(server)
    const url = `https://127.0.0.1:${secure}`
    const ready = async () =>
      fetch(`${url}/api/v1/namespaces/default`, { headers: { authorization: `Bearer ${token}` } }).then(
        ({ ok }) => ok,
        () => false,
      )
    for (const end = Date.now() + startMs; !(await ready()); await sleep(500))
      if (server.exitCode !== null || Date.now() > end) throw new Error(`kube-apiserver does not start: ${log}`)
    return { url, token, stop }
  } catch (error) {
    await stop()
    throw error
  }
}
