import type { Command } from 'commander'
import { examine, type Finding } from '../../local/doctor.ts'
import { withContext } from '../context.ts'
import { missingListFindings } from '../keywords/missing.ts'
import { print, printJson } from '../output.ts'

const mark: Record<Finding['verdict'], string> = { good: 'ok  ', warning: 'warn', bad: 'BAD ' }

export const register = (program: Command) => {
  program
    .command('doctor')
    .description('check configuration and every dependency; says what to do')
    .option('--json', 'one JSON value')
    .action(({ json }: { json?: boolean }) =>
      withContext(async (context) => {
        const findings = [...(await examine(context, process.env)), ...(await missingListFindings(context))]
        if (findings.some(({ verdict }) => verdict === 'bad')) process.exitCode = 1
        if (json) return printJson(findings)
        for (const { verdict, what, remedy } of findings)
          print(`${mark[verdict]} ${what}${remedy ? `\n       → ${remedy}` : ''}`)
      }),
    )
}
