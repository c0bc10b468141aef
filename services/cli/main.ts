/** `signals`: runs the command of this process' arguments, and exits with its code. */

import { runCommand } from './commands/run-command.ts'
import { exitCodes } from './exit.ts'

// The reader closed the pipe (`signals lag | head`): not an error.
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code === 'EPIPE') process.exit(exitCodes.done)
})
const code = await runCommand(process.argv.slice(2), process.env)
// process.exit would cut off output that a slow pipe has not taken yet.
await new Promise((resolve) => process.stdout.write('', resolve))
process.exit(code)
