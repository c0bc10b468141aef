/** Makes this pipeline a peer of a benchmark that starts peers with `peers[name](run)`; the process is test/bench/peer.ts, from a bundle. */
import { fileURLToPath } from 'node:url'

const local = (path) => fileURLToPath(new URL(path, import.meta.url))

export const peers = {
  'messaging-signals': ({ brokers, redis, sink, keywords, workload, folder }) => [
    {
      label: 'messaging-signals',
      command: local('../../node_modules/.bin/node'),
      args: ['--max-semi-space-size=4', local('./peer-bundled.ts')],
      env: {
        KAFKA_BROKERS: brokers,
        REDIS_URL: redis,
        TIKTOK_BASE_URL: sink,
        KEYWORDS: keywords,
        WORKLOAD: workload,
        SIGNALS_DATA_DIR: `${folder}/signals`,
      },
    },
  ],
}
