/** Reads the business accounts that an unverified body names. */
import { pathSchema } from '../language/expressions.ts'
import { MappingProblem } from '../language/problem.ts'
import { compileKeys, compilePath, type Frame, type Scope } from '../scope.ts'
import { asText } from '../values/as-text.ts'

/** Real deliveries name one account or a few. Bounds the look-ups that a hostile body can cause. */
const maxAccounts = 100

/** Compiles `body.entry[].id` to a function that returns up to `maxAccounts` values. @throws MappingProblem */
export const compileAccounts = (path: string, scope: Scope): ((frame: Frame) => string[]) => {
  const [root, ...inner] = path.split('[].') as [string, ...string[]]
  for (const step of [root, ...inner])
    if (!pathSchema.safeParse(step).success)
      throw new MappingProblem('must be a path such as body.page.id, with [] behind a list: body.entry[].id')
  const first = compilePath(root, scope)
  const steps = inner.map((step) => compileKeys(step, scope))
  return (frame) => {
    let found: unknown[] = [first(frame)]
    for (const step of steps)
      found = found
        .flatMap((list) => (Array.isArray(list) ? list.slice(0, maxAccounts).map(step) : []))
        .slice(0, maxAccounts)
    return found.flatMap((value) => asText(value) ?? [])
  }
}
