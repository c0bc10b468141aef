import type { Config } from 'jest'

/** Tests run what production runs: Node's own modules and type stripping. */
const shared = {
  runtime: '<rootDir>/test/support/jest/native-runtime.ts',
  testEnvironment: '<rootDir>/test/support/jest/native-environment.ts',
  transform: {},
}

const project = (name: string, more: object = {}) => ({
  ...shared,
  ...more,
  displayName: name,
  testMatch: [`<rootDir>/test/${name}/**/*.test.ts`],
})

const config: Config = {
  testTimeout: 60_000,
  reporters: ['default', '<rootDir>/test/support/skipped-tests-reporter.ts'],
  projects: [
    project('unit'),
    project('integration', {
      globalSetup: '<rootDir>/test/support/start-parts.ts',
      globalTeardown: '<rootDir>/test/support/stop-parts.ts',
    }),
    project('e2e'),
  ] as never,
}

export default config
