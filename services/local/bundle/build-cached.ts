/** Builds the bundle of the present sources unless the cache has it, and prints its folder; nothing when it cannot be built. */
import { presentBundle } from './own.ts'

// The supervisor reports why there is none.
const bundle = await presentBundle(process.env, () => {})
if (bundle !== null) process.stdout.write(`${bundle}\n`)
