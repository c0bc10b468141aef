/** Where a service runs: in a process of its own, or as one of several in a process. */
export interface Host {
  readonly env: NodeJS.ProcessEnv
  /** @param stop gets the reason, once the service shall stop */
  onStop(stop: (why: string) => void): void
  /** @param fail gets each error of the service that nothing else caught */
  onError(fail: (error: unknown) => void): void
  /** The service has stopped. @param code the exit code of a process of its own */
  ended(code: number): void
  /** Ends the process at once, whatever else runs in it. */
  exit(code: number): never
}
