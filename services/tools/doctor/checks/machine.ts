/** Checks the machine: version of Node and free disk space. */
import { type CheckResult, checkResultsOf } from '../check-result.ts'
import type { DiagnosticsContext } from '../diagnostics-context.ts'

const { good, warning, bad } = checkResultsOf('machine')
const recommendedNode = 24
/** Shares of the disk that are free. */
const lowShare = 0.15
const fullShare = 0.05

const gigabytes = (bytes: number) => `${(bytes / 1_073_741_824).toFixed(1)} GiB`

export const machine = async ({ nodeVersion, dataDir, disk }: DiagnosticsContext): Promise<CheckResult[]> => {
  const major = Number(/^v(\d+)/.exec(nodeVersion)?.[1])
  const { freeBytes, sizeBytes } = await disk(dataDir)
  const share = freeBytes / sizeBytes
  const diskText = `${Math.round(share * 100)} % of the disk of ${dataDir} is free (${gigabytes(freeBytes)})`
  const remedy = 'free space or move SIGNALS_DATA_DIR: docs/operators/disk-full.md'
  return [
    major >= recommendedNode
      ? good(`Node ${nodeVersion}`)
      : bad(`Node ${nodeVersion} is too old to run the services`, `npm ci, which brings Node ${recommendedNode}`),
    share < fullShare ? bad(diskText, remedy) : share < lowShare ? warning(diskText, remedy) : good(diskText),
  ]
}
