import { DependencyError } from '../../../../services/runtime/ports.ts'
import {
  incomplete,
  type PartMarkers,
  RebuildableState,
} from '../../../../services/runtime/time-buckets/rebuildable-state.ts'

/** Markers in memory; `lose` empties them as a FLUSHALL would. */
class MemoryMarkers implements PartMarkers<string> {
  readonly completed = new Set<string>()
  readonly #tokens = new Set<string>()
  async lost() {
    return ['a', 'b'].filter((part) => !this.completed.has(part))
  }
  async begin(_parts: readonly string[], token: string) {
    this.#tokens.add(token)
  }
  async complete(parts: readonly string[], token: string) {
    if (this.#tokens.delete(token)) for (const part of parts) this.completed.add(part)
  }
  lose() {
    this.completed.clear()
    this.#tokens.clear()
  }
}

const open = (during: (rebuild: number) => void = () => {}) => {
  const markers = new MemoryMarkers()
  const rebuilt: string[][] = []
  const states: (number | null)[] = []
  const state = new RebuildableState({
    markers,
    rebuild: async (parts) => {
      rebuilt.push([...parts])
      during(rebuilt.length)
    },
    onState: (parts) => states.push(parts),
  })
  const read = () => state.read(async () => ((await markers.lost()).length > 0 ? incomplete : 'complete'))
  return { markers, rebuilt, states, state, read }
}

describe('a state that can be rebuilt', () => {
  it('is rebuilt before a read returns, and only the parts that are missing', async () => {
    const { markers, rebuilt, states, read } = open()
    markers.completed.add('a')
    expect(await read()).toBe('complete')
    expect([rebuilt, states]).toEqual([[['b']], [1, null]])
    await read()
    expect(rebuilt).toHaveLength(1)
  })

  it('is rebuilt once for all reads that find it incomplete at the same time', async () => {
    const { rebuilt, read, state } = open()
    await Promise.all([read(), read(), state.ensureComplete()])
    expect(rebuilt).toHaveLength(1)
  })

  it('is rebuilt again when Redis loses data during the rebuild', async () => {
    const { markers, rebuilt, states, state } = open((rebuild) => {
      if (rebuild === 1) markers.lose()
    })
    await state.ensureComplete()
    expect([rebuilt.length, states]).toEqual([2, [2, 2, null]])
  })

  it('stays incomplete when the rebuild fails, and the next read tries again', async () => {
    const { rebuilt, states, read } = open((rebuild) => {
      if (rebuild === 1) throw new DependencyError('kafka', 'away')
    })
    await expect(read()).rejects.toThrow(DependencyError)
    expect(states).toEqual([2])
    expect(await read()).toBe('complete')
    expect(rebuilt).toHaveLength(2)
  })
})
