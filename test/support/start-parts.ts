/** Jest's global set-up of the integration tests: starts real Kafka, registry and Redis in a temporary folder. */
import { mkdtempSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { localFields } from '../../services/local/config.ts'
import { Supervisor } from '../../services/local/supervisor/supervisor.ts'
import { loadConfig } from '../../services/runtime/config.ts'

export default async function startParts(): Promise<void> {
  const dataDir = mkdtempSync(join(tmpdir(), 'signals-it-'))
  const env = { ...process.env, SIGNALS_DATA_DIR: dataDir }
  const supervisor = new Supervisor(loadConfig(localFields, env), env, (line) => process.stderr.write(`${line}\n`))
  const parts = await supervisor.startParts()
  Object.assign(process.env, {
    KAFKA_BROKERS: parts.brokers,
    REDIS_URL: parts.redis,
    SCHEMA_REGISTRY_URL: parts.registry,
  })
  Object.assign(globalThis, { signalsParts: { supervisor, dataDir } })
}
