/**
 * Memory that a Node process still uses after a collection of garbage: what its resident memory is beyond that depends on when the engine
 * collects. Asks the process by the inspector's protocol (`--inspect=127.0.0.1:0` in its NODE_OPTIONS).
 */

/** Makes a process listen for an inspector, on a free port that it writes to its log. */
export const inspectable = '--inspect=127.0.0.1:0'

/** @returns the address that a process wrote last; null: it wrote none */
export const inspectorOf = (log: string): string | null =>
  [...log.matchAll(/Debugger listening on (ws:\/\/\S+)/g)].at(-1)?.[1] ?? null

interface HeapUsage {
  readonly usedSize: number
  /** Of buffers and of what the runtime itself holds; older engines do not tell. */
  readonly backingStorageSize?: number
  readonly embedderHeapUsedSize?: number
}

/** @returns MB, buffers included. @throws Error where the process has ended or does not answer in time */
export const liveHeapOf = async (inspector: string, timeoutMs = 20_000): Promise<number> => {
  const socket = new WebSocket(inspector)
  const waiting = new Map<number, (result: unknown) => void>()
  const { promise: failed, reject } = Promise.withResolvers<never>()
  const timer = setTimeout(() => reject(new Error(`${inspector} did not answer within ${timeoutMs} ms`)), timeoutMs)
  socket.onerror = () => reject(new Error(`${inspector} does not take a connection`))
  socket.onmessage = ({ data }) => {
    const { id, result } = JSON.parse(String(data)) as { id: number; result: unknown }
    waiting.get(id)?.(result)
  }
  let asked = 0
  const ask = (method: string) => {
    const id = ++asked
    const answered = new Promise<unknown>((resolve) => waiting.set(id, resolve))
    socket.send(JSON.stringify({ id, method }))
    return Promise.race([answered, failed])
  }
  try {
    await Promise.race([new Promise((resolve) => socket.addEventListener('open', resolve)), failed])
    // The first finds what finalizers let go.
    for (let n = 0; n < 2; n++) await ask('HeapProfiler.collectGarbage')
    const usage = (await ask('Runtime.getHeapUsage')) as HeapUsage
    return (usage.usedSize + (usage.backingStorageSize ?? 0) + (usage.embedderHeapUsedSize ?? 0)) / 1_048_576
  } finally {
    clearTimeout(timer)
    socket.close()
  }
}
