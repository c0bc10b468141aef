/** Judges the body of an action by its schema. */
import type { z } from 'zod'
import { ControlProblem } from '../../http/answer.ts'

/** @throws ControlProblem 400 that names the field */
export const parsedBody = <S extends z.ZodType>(schema: S, body: unknown): z.output<S> => {
  const result = schema.safeParse(body)
  if (result.success) return result.data
  const [problem] = result.error.issues
  throw new ControlProblem(400, 'field', `${problem?.path.join('.') || 'the body'}: ${problem?.message}`)
}
