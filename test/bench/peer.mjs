/**
 * Makes this pipeline a peer of a benchmark that starts peers with `peers[name](run)`. The process runs test/bench/peer.ts from a bundle, as
 * `signals up` runs itself: a process that reads TypeScript holds a compiler in memory.
 */
import { spawnSync } from 'node:child_process'
import { fileURLToPath } from 'node:url'

const local = (path) => fileURLToPath(new URL(path, import.meta.url))
const node = local('../../node_modules/.bin/node')

/** The folder of the bundle. @throws Error when it cannot be built */
const bundle = () => {
  const { stdout, stderr, status } = spawnSync(node, [local('./peer-bundle.ts')], { encoding: 'utf8' })
  if (status !== 0) throw new Error(`no bundle of this pipeline:\n${stderr}`)
  return stdout.trim()
}

/** @param options of the command line */
const peer =
  (label, ...options) =>
  ({ brokers, redis, sink, keywords, workload, folder }) => [
    {
      label,
      command: node,
      args: ['--max-semi-space-size=4', local('./peer-run.mjs'), bundle(), ...options],
      env: {
        KAFKA_BROKERS: brokers,
        REDIS_URL: redis,
        TIKTOK_BASE_URL: sink,
        KEYWORDS: keywords,
        WORKLOAD: workload,
        SIGNALS_DATA_DIR: `${folder}/signals`,
      },
    },
  ]

export const peers = {
  'messaging-signals': peer('messaging-signals'),
  'messaging-signals-compact': peer('messaging-signals-compact', '--compact'),
}
