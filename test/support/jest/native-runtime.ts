import { createRequire } from 'node:module'
import { pathToFileURL } from 'node:url'

const require = createRequire(import.meta.url)

/**
 * Runtime for Jest that loads tests with Node's own `import`. Jest's runtime loads every module again for each test file; here a worker
 * loads each module once. So tests share the state of modules and must not depend on it. Mocks of modules, coverage and fake timers
 * are not supported.
 */
export default class NativeRuntime {
  /** The framework keeps tests and event handlers in a module and in a global: each test file gets both new. */
  requireInternalModule(framework: string): unknown {
    delete require.cache[framework]
    Reflect.deleteProperty(globalThis, Symbol.for('EVENT_HANDLERS'))
    return require(framework)
  }

  requireModule(path: string): unknown {
    return require(path)
  }

  unstable_shouldLoadAsEsm(): boolean {
    return true
  }

  async unstable_importModule(path: string): Promise<void> {
    await import(pathToFileURL(path).href)
  }

  getSourceMaps(): Map<string, string> {
    return new Map()
  }

  getAllCoverageInfoCopy(): undefined {}
  setGlobalsForRuntime(): void {}
  enterTestCode(): void {}
  leaveTestCode(): void {}
  teardown(): void {}
}
