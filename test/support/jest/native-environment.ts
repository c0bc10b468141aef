/** Environment for Jest whose globals are those of Node: no context of its own for each test file. */
export default class NativeEnvironment {
  readonly global: object = new Proxy(globalThis, {
    // Jest replaces `console` for each file and wraps `process.exit`; nothing would undo either.
    get: (target, name) => (name === 'process' ? undefined : Reflect.get(target, name)),
    defineProperty: (target, name, descriptor) =>
      name === 'console' || Reflect.defineProperty(target, name, descriptor),
  })

  async setup(): Promise<void> {}

  async teardown(): Promise<void> {}

  getVmContext(): null {
    return null
  }
}
