/** An element of a mapping document: it takes the fields that it names and no others, and says which those are. */
import { z } from 'zod'

export const element = <Shape extends z.ZodRawShape>(shape: Shape) =>
  z.strictObject(shape, {
    error: (issue) =>
      issue.code === 'unrecognized_keys'
        ? `has no ${(issue.keys as readonly string[]).join(', ')}; it takes ${Object.keys(shape).join(', ')}`
        : undefined,
  })
