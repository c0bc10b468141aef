/** Schema of an element of a mapping document. It refuses unknown fields, and its error lists the known ones. */
import { z } from 'zod'

export const element = <Shape extends z.ZodRawShape>(shape: Shape) =>
  z.strictObject(shape, {
    error: (issue) =>
      issue.code === 'unrecognized_keys'
        ? `has no ${(issue.keys as readonly string[]).join(', ')}; it takes ${Object.keys(shape).join(', ')}`
        : undefined,
  })
