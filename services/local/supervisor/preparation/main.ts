/** Prepares the cluster as its supervisor asks, over IPC, and ends with the channel (preparation.ts). */
import type { PreparationAnswer, PreparationRequest } from './preparation.ts'
import { prepareClusterKeys, provisionCluster } from './prepare-cluster.ts'

const work = ({ step, env, parts, isFresh }: PreparationRequest) =>
  step === 'provision' ? provisionCluster(env, parts) : prepareClusterKeys(env, parts, isFresh)

process.on('message', async (request: PreparationRequest) => {
  let answer: PreparationAnswer
  try {
    answer = { result: await work(request) }
  } catch (error) {
    if (!(error instanceof Error)) throw error
    answer = { error: { name: error.name, message: error.message } }
  }
  process.send?.(answer)
})
process.once('disconnect', () => process.exit(0))
