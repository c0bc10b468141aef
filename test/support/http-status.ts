import { HttpProblem } from '../../services/gateway/http/answers.ts'

/** The problem that the gateway would answer; null: none. */
export const problemOf = (work: () => unknown): HttpProblem | null => {
  try {
    work()
  } catch (error) {
    if (error instanceof HttpProblem) return error
    throw error
  }
  return null
}

/** The status that the gateway would answer: 200, or that of the problem thrown. */
export const statusOf = (work: () => unknown): number => problemOf(work)?.status ?? 200
