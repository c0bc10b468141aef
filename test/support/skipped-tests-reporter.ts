import type { AggregatedResult, Reporter } from '@jest/reporters'

/** Prints each skipped test by name below the summary. A test that needs a missing program says so in its name. */
export default class SkippedTestsReporter implements Pick<Reporter, 'onRunComplete'> {
  onRunComplete(_contexts: unknown, { testResults }: AggregatedResult): void {
    const skipped = testResults
      .flatMap(({ testResults: tests }) => tests)
      .filter(({ status }) => status === 'pending')
      .map(({ fullName }) => fullName)
    for (const name of skipped) process.stderr.write(`skipped: ${name}\n`)
  }
}
