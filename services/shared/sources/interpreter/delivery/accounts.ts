/** Business accounts that a body names, before anything of it is trusted. */
import { pathSchema } from '../language/expressions.ts'
import { MappingProblem } from '../language/problem.ts'
import { compileKeys, compilePath, type Frame, type Scope } from '../scope.ts'
import { asText } from '../values/values.ts'

/** A delivery speaks of one account, or of a few; a hostile one must not cost a look-up for each of a million. */
const maxAccounts = 100

/** `body.entry[].id` → all values found, up to a hundred. @throws MappingProblem */
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
