/**
 * Prepares the cluster in a process that ends: clients of Kafka and the registry, formats and ciphers take 60 MB, and the supervisor
 * needs them at the start only.
 */
import { type ChildProcess, fork } from 'node:child_process'
import type { KeyHolder } from '../../../runtime/keys/key-holders.ts'
import { LocalProblem } from '../../problem.ts'
import type { ClusterAddresses } from './prepare-cluster.ts'

export interface PreparationRequest {
  readonly step: 'provision' | 'keys'
  readonly env: NodeJS.ProcessEnv
  readonly parts: ClusterAddresses
  readonly isFresh: boolean
}
export type PreparationAnswer =
  | { readonly result: unknown }
  | { readonly error: { readonly name: string; readonly message: string } }

/** An error of the other process, by its name there. */
class PreparationFailed extends Error {
  override readonly name: string

  constructor({ name, message }: { readonly name: string; readonly message: string }) {
    super(message)
    this.name = name
  }
}

export class Preparation {
  readonly #process: ChildProcess

  /** @param file the program */
  constructor(file: string, env: NodeJS.ProcessEnv) {
    this.#process = fork(file, [], { env, execArgv: ['--max-semi-space-size=4'] })
  }

  /** `provisionCluster`. @throws its errors by name; LocalProblem */
  provision(env: NodeJS.ProcessEnv, parts: ClusterAddresses): Promise<boolean> {
    return this.#ask({ step: 'provision', env, parts, isFresh: false })
  }

  /** `prepareClusterKeys`. @throws its errors by name; LocalProblem */
  keys(
    env: NodeJS.ProcessEnv,
    parts: ClusterAddresses,
    isFresh: boolean,
  ): Promise<Readonly<Record<KeyHolder, string>>> {
    return this.#ask({ step: 'keys', env, parts, isFresh })
  }

  end(): void {
    if (this.#process.connected) this.#process.disconnect()
  }

  #ask<T>(request: PreparationRequest): Promise<T> {
    const child = this.#process
    return new Promise<T>((resolve, reject) => {
      const onExit = (code: number | null) =>
        reject(new LocalProblem(`the process that prepares the cluster has ended (code ${code}): start again`))
      if (!child.connected) return onExit(child.exitCode)
      child.once('exit', onExit)
      child.once('message', (answer: PreparationAnswer) => {
        child.off('exit', onExit)
        if ('error' in answer) reject(new PreparationFailed(answer.error))
        else resolve(answer.result as T)
      })
      child.send(request)
    })
  }
}
