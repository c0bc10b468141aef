/** A broker for commands, for which a person waits: it asks nothing before Kafka has answered, and gives up soon if it does not. */
import { type Broker, type Clock, DependencyError } from '../ports.ts'

/** A cluster that works answers within a second, login included; a starved machine takes several. */
const timeoutMs = 5_000
/** The wait is counted in short steps, so that the time in which this process compiles or gets no processor does not count. */
const stepMs = 100

/** Members that ask nothing. */
const silent: ReadonlySet<PropertyKey> = new Set<keyof Broker>(['close', 'partitionOf'])

/** @param addresses KAFKA_BROKERS, for the message */
export const promptBroker = (broker: Broker, addresses: string, clock: Pick<Clock, 'sleep'>): Broker => {
  const mustAnswer = async () => {
    const done = new AbortController()
    const late = async (): Promise<never> => {
      for (let waited = 0; waited < timeoutMs; waited += stepMs) await clock.sleep(stepMs, done.signal)
      throw new DependencyError(
        'kafka',
        `Kafka: ${addresses} does not answer within ${timeoutMs / 1000} s: look whether the brokers work, or set KAFKA_BROKERS to others`,
      )
    }
    await Promise.race([broker.describe(), late()]).finally(() => done.abort())
  }
  let answered: Promise<void> | undefined
  return new Proxy(broker, {
    get: (target, name) => {
      const member = Reflect.get(target, name)
      if (typeof member !== 'function') return member
      if (silent.has(name)) return member.bind(target)
      return async (...args: unknown[]) => {
        answered ??= mustAnswer()
        await answered
        return member.apply(target, args)
      }
    },
  })
}
