/**
 * The old generation of a stage's heap. What a slice holds outlives one or two collections of the young generation, and is garbage soon
 * after. With V8's own limit the old generation was full after every third of them, and each time all that
 * lives was marked: a third of the CPU of V8's threads.
 */
import { setFlagsFromString } from 'node:v8'

/** The old generation may grow to three times what lives before it is collected, % more than that. */
const growthPercent = 200

/** Before a process starts its stages. It takes some 40 MB more under load. */
export const letOldGenerationGrow = (): void => setFlagsFromString(`--heap-growing-percent=${growthPercent}`)
