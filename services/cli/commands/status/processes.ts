/** The processes of the pipeline, wherever they run: of the data folder, of STAGE_METRICS_URLS, and who announces itself in Redis. */
import { consoleFields } from '../../../control/config.ts'
import { type KnownProcess, processesOf } from '../../../control/instance-states.ts'
import { StageProbes } from '../../../control/stage-probes.ts'
import { systemClock } from '../../../runtime/clock.ts'
import { loadConfig } from '../../../runtime/config.ts'
import { readHeartbeats } from '../../../runtime/health/heartbeats.ts'
import type { CliContext } from '../../context.ts'

const { STAGE_METRICS_URLS } = consoleFields
/** A command connects first, and the doctor does much at once meanwhile. */
const heartbeatsTimeoutMs = 3_000

/**
 * In the order of the pipeline; without Redis only those of the data folder and the setting. `problem`: why Redis did not say who runs.
 * @throws ConfigError
 */
export const readProcesses = async (
  context: CliContext,
): Promise<{ readonly processes: readonly KnownProcess[]; readonly problem: string | null }> => {
  const { env, dataDir, running } = context
  const { STAGE_METRICS_URLS: urls } = loadConfig({ STAGE_METRICS_URLS }, env)
  const redis = env.REDIS_URL || running?.redis ? context.redis() : null
  const probes = new StageProbes({
    ...{ dataDir, urls, clock: systemClock },
    ...(redis ? { heartbeats: () => readHeartbeats(redis), heartbeatsTimeoutMs } : {}),
  })
  const processes = processesOf(await probes.read())
  return { processes, problem: probes.problem }
}
