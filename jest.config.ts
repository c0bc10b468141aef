import type { Config } from 'jest'

/** TypeScript is stripped by swc and modules stay ESM: tests run what production runs. */
const shared = {
  testEnvironment: 'node',
  transform: {
    '^.+\\.ts$': [
      '@swc/jest',
      { jsc: { parser: { syntax: 'typescript' }, target: 'es2023' }, module: { type: 'es6' } },
    ],
  },
  extensionsToTreatAsEsm: ['.ts'],
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
