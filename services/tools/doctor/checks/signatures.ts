/** Checks that what steers the pipeline is signed, and that no record is there which this pipeline has not signed. */
import { type CheckResult, checkResultsOf, counted } from '../check-result.ts'
import type { DiagnosticsContext } from '../diagnostics-context.ts'

const { good, warning, bad } = checkResultsOf('kafka')
const shownRecords = 5

export const signatures = async ({ signatures: read }: DiagnosticsContext): Promise<CheckResult[]> => {
  const state = await read()
  if (state === null) return []
  const { isLatched, refused } = state
  const found: CheckResult[] = []
  if (refused.length > 0) {
    const shown = refused.slice(0, shownRecords).map(({ record: { topic, key, offset }, reason }) => {
      return `${topic} ${key} at offset ${offset} (${reason})`
    })
    found.push(
      bad(
        `${counted(refused.length, 'record')} that this pipeline has not signed: ${shown.join(', ')}`,
        'they do not count; find out who can write there, then signals keys sign-records: docs/runbooks/SignalsRecordsRefused.md',
      ),
    )
  }
  if (!isLatched)
    found.push(
      warning(
        'records without a signature still count: who can write to Kafka can change connections and lists',
        'once every process runs this version: signals keys sign-records',
      ),
    )
  return found.length > 0 ? found : [good('connections, lists, tokens and keys are signed')]
}
