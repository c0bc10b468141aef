/** `signals run`: one process of the pipeline, as images and services of the system start it. */
import { pathToFileURL } from 'node:url'
import type { Command } from 'commander'
import { locateProgram } from '../../../local/bundle/locate.ts'
import { ownBundle, projectRoot } from '../../../local/bundle/own.ts'
import type { Program } from '../../../local/bundle/programs.ts'
import { UsageError } from '../../exit.ts'
import { notify } from '../../output.ts'

const programOf: Readonly<Record<string, Program>> = {
  gateway: 'gateway',
  ingest: 'ingest',
  attribution: 'attribution',
  keywords: 'keywords',
  dispatch: 'dispatch',
  control: 'console',
  console: 'console',
  simulator: 'simulator',
}

export const register = (program: Command) => {
  program
    .command('run <process>')
    .description('run one process in the foreground: gateway, ingest, attribution, keywords, dispatch, control')
    .action(async (name: string) => {
      const chosen = Object.hasOwn(programOf, name) ? programOf[name] : undefined
      if (chosen === undefined)
        throw new UsageError(`there is no process ${name}; there are: ${Object.keys(programOf).join(', ')}`)
      // Without sources, as in an image, the bundle is all there is.
      const root = ownBundle ?? projectRoot()
      await import(pathToFileURL(locateProgram(chosen, root, ownBundle, notify)).href)
      // In this process, which so gets its signals. The program ends it, with a code of its own.
      await new Promise(() => {})
    })
}
