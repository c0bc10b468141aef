/** Announces this process in Redis until it stops. Nothing waits for it, and no failure of it ends or slows the process. */
import { hostname } from 'node:os'
import {
  type Heartbeat,
  heartbeatIntervalMs,
  type ProcessName,
  proofOf,
  removeHeartbeat,
  writeHeartbeat,
} from '../health/heartbeats.ts'
import { errorFacts, type Logger } from '../log.ts'
import type { Clock, RedisCommands, Timers } from '../ports.ts'
import { type StatusListener, statusAddress } from '../status-address.ts'
import { softwareVersion } from './version.ts'

/** Redis may hang while the process stops; what is left is dropped by the other instances, or seen as silent. */
const removeTimeoutMs = 1_000

export interface HeartbeatTools {
  readonly name: ProcessName
  readonly redis: Pick<RedisCommands, 'evalMany'>
  readonly clock: Pick<Clock & Timers, 'now' | 'every' | 'sleep'>
  readonly log: Pick<Logger, 'info' | 'warn' | 'debug'>
  readonly listener: StatusListener
  /** STATUS_TOKEN of a process that has pages for its bearers. */
  readonly statusTokens?: readonly string[]
  /** Assigned to the consumers, by topic. */
  partitions?(): Heartbeat['partitions']
}

/** @returns how to stop: an orderly end takes the heartbeat back, a failed one leaves it to be missed */
export const startHeartbeat = (tools: HeartbeatTools): ((failed?: boolean) => Promise<void>) => {
  const { name, redis, clock, log, listener, statusTokens = [], partitions = () => ({}) } = tools
  const address = statusAddress(listener)
  const host = hostname()
  // The port is part of it: two containers may have the same host name and process id.
  const instance = `${host}-${process.pid}-${new URL(address).port || listener.port}`
  const fixed = { instance, stage: name, version: softwareVersion(), address, host, pid: process.pid }
  const since = clock.now()
  const proof = proofOf(address, statusTokens)
  let isHeard: boolean | undefined
  let writing: Promise<void> | undefined
  const write = async () => {
    try {
      await writeHeartbeat(redis, { ...fixed, since, partitions: partitions(), proof })
      if (isHeard === false) log.info('announces itself in Redis again')
      isHeard = true
    } catch (error) {
      // Whatever it is: a process that works must not end because others do not hear of it.
      if (isHeard !== false) log.warn(errorFacts(error), 'cannot announce itself in Redis: others may not know of it')
      isHeard = false
    }
  }
  const beat = () => {
    writing ??= write().finally(() => {
      writing = undefined
    })
  }
  beat()
  const cancel = clock.every(heartbeatIntervalMs, beat)
  const remove = async () => {
    // One under way would put it back.
    await writing
    await removeHeartbeat(redis, fixed)
  }
  return async (failed = false) => {
    cancel()
    if (failed) return
    const removed = remove().catch((error: unknown) => log.debug(errorFacts(error), 'the heartbeat stays'))
    await Promise.race([removed, clock.sleep(removeTimeoutMs)])
  }
}
