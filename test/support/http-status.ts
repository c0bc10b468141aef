import { HttpProblem } from '../../services/gateway/http.ts'

/** The status that the gateway would answer: 200, or that of the problem thrown. */
export const statusOf = (work: () => unknown): number => {
  try {
    work()
  } catch (error) {
    if (error instanceof HttpProblem) return error.status
    throw error
  }
  return 200
}
