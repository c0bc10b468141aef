import {
  CheckpointMoved,
  type CheckpointsRead,
  PartitionCheckpoints,
} from '../../../../../services/runtime/batch/checkpoints/checkpoints.ts'
import { DependencyError } from '../../../../../services/runtime/ports.ts'
import { SimulatedRedisServer } from '../../../../support/simulated-redis.ts'

const partition = 3
const end = (next: bigint, topic = 'a', at = Number(next)) => ({ partition, topic, next, at })

const readOf = async (of: PartitionCheckpoints) => (await of.read([partition]))[0] as CheckpointsRead

/** Processes of one group that share a Redis. */
const world = () => {
  const server = new SimulatedRedisServer()
  const committed = new Map<number, readonly bigint[]>()
  const open = (publishesFirst = false) =>
    new PartitionCheckpoints({
      publishesFirst,
      redis: server.client(),
      name: 'test',
      topics: ['a', 'b'],
      tags: ['0', '1'],
      committed: async () => committed,
    })
  const process = (of: PartitionCheckpoints, next: bigint, topic = 'a') =>
    readOf(of).then((read) => of.advance([{ ...read, end: end(next, topic) }]))
  return { server, committed, open, process }
}

describe('checkpoints', () => {
  it('find nothing missing on a new installation, and after each slice', async () => {
    const { open, process } = world()
    const checkpoints = open()
    await process(checkpoints, 10n)
    await process(checkpoints, 5n, 'b')
    expect((await readOf(checkpoints)).loss).toBeNull()
  })

  it('show what is missing when Redis comes back without its last writes', async () => {
    const { server, open, process } = world()
    const checkpoints = open()
    await process(checkpoints, 10n)
    await process(checkpoints, 20n)
    await process(checkpoints, 4n, 'b')
    server.crash(2)
    expect((await readOf(checkpoints)).loss).toEqual({ partition, since: 10, from: [10n, 0n], to: [20n, 4n] })
  })

  it('show a loss also to a process that was started since, by the committed offsets', async () => {
    const { server, committed, open, process } = world()
    const before = open()
    await process(before, 10n)
    await process(before, 20n)
    committed.set(partition, [20n, 0n])
    server.crash(1)
    expect((await readOf(open())).loss).toEqual({ partition, since: 10, from: [10n, 0n], to: [20n, 0n] })
    server.crash(1)
    expect((await readOf(open())).loss).toMatchObject({ since: 0, from: [0n, 0n] })
  })

  it('take the slices of another process for no loss', async () => {
    const { committed, open, process } = world()
    const [one, other] = [open(), open()]
    await process(one, 10n)
    committed.set(partition, [10n, 0n])
    await process(other, 20n)
    committed.set(partition, [20n, 0n])
    one.assigned()
    expect((await readOf(one)).loss).toBeNull()
    await process(other, 30n)
    expect((await readOf(one)).loss).toBeNull()
  })

  it('compare again after an assignment, because another process may have gone on before the loss', async () => {
    const { server, committed, open, process } = world()
    const [one, other] = [open(), open()]
    await process(one, 10n)
    await process(other, 20n)
    await process(other, 30n)
    committed.set(partition, [30n, 0n])
    server.crash(1)
    one.assigned()
    expect((await readOf(one)).loss).toMatchObject({ from: [20n, 0n], to: [30n, 0n] })
  })

  it('do not hide a loss between the read and the advance', async () => {
    const { server, open, process } = world()
    const checkpoints = open()
    await process(checkpoints, 10n)
    await process(checkpoints, 20n)
    const read = await readOf(checkpoints)
    server.crash(1)
    await expect(checkpoints.advance([{ ...read, end: end(30n) }])).rejects.toThrow(CheckpointMoved)
    expect((await readOf(checkpoints)).loss).not.toBeNull()
  })

  it('accept an advance whose answer was lost', async () => {
    const { server, open } = world()
    const checkpoints = open()
    const advancing = checkpoints.advance([{ ...(await readOf(checkpoints)), end: end(10n) }])
    server.crash(0)
    await expect(advancing).rejects.toThrow(DependencyError)
    expect((await readOf(checkpoints)).loss).toBeNull()
  })

  it('advance without a read only what is as this process knows it', async () => {
    const { server, open, process } = world()
    const checkpoints = open()
    expect(await checkpoints.advanceKnown([end(5n)])).toBeNull()
    await process(checkpoints, 10n)
    expect(await checkpoints.advanceKnown([end(20n)])).toMatchObject([{ loss: null }])
    server.crash(1)
    expect(await checkpoints.advanceKnown([end(30n)])).toBeNull()
    expect((await readOf(checkpoints)).loss).toMatchObject({ from: [10n, 0n], to: [20n, 0n] })
  })

  it('of several partitions advance together, and one that has moved has all of them read', async () => {
    const { open } = world()
    const [one, other] = [open(), open()]
    const both = (next: bigint) => [end(next), { ...end(next), partition: 4 }]
    const advance = async (of: PartitionCheckpoints, next: bigint) => {
      const reads = await of.read([partition, 4])
      await of.advance(both(next).map((place, at) => ({ ...(reads[at] as CheckpointsRead), end: place })))
    }
    await advance(one, 10n)
    expect(await one.advanceKnown(both(20n))).toMatchObject([{ loss: null }, { loss: null }])
    const [read] = await other.read([4])
    await other.advance([{ ...(read as CheckpointsRead), end: { ...end(30n), partition: 4 } }])
    expect(await one.advanceKnown(both(40n))).toBeNull()
    expect((await one.read([partition, 4])).map(({ loss }) => loss)).toEqual([null, null])
    await advance(one, 40n)
  })

  it('count a rebuild only if Redis was there all the time', async () => {
    const { server, open, process } = world()
    const checkpoints = open()
    await process(checkpoints, 10n)
    await process(checkpoints, 20n)
    server.crash(1)
    const { disconnects } = server
    const read = await readOf(checkpoints)
    if (!read.loss) throw new Error('no loss')
    server.crash(0)
    await expect(checkpoints.repaired(read, read.loss, 25, disconnects)).rejects.toThrow(/away while/)
    expect((await readOf(checkpoints)).loss).toEqual(read.loss)
    await checkpoints.repaired(read, read.loss, 25, server.disconnects)
    expect((await readOf(checkpoints)).loss).toBeNull()
  })

  it('name what a new owner must read of a stage that publishes its state before it saves it', async () => {
    const { committed, open, process, server } = world()
    await process(open(), 10n)
    committed.set(partition, [10n, 0n])
    const checkpoints = open(true)
    const read = await readOf(checkpoints)
    expect(read.loss).toMatchObject({ isTakeover: true, since: 10 })
    await checkpoints.repaired(read, read.loss as never, 12, server.disconnects)
    expect((await readOf(checkpoints)).loss).toBeNull()
    checkpoints.assigned()
    expect((await readOf(checkpoints)).loss).toMatchObject({ isTakeover: true })
  })
})
