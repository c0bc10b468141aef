import type { Config } from 'jest'

/** TypeScript is stripped by swc, modules stay ESM: tests run what production runs. */
const shared = {
  testEnvironment: 'node',
  transform: {
    '^.+\\.ts$': [
      '@swc/jest',
      { jsc: { parser: { syntax: 'typescript' }, target: 'es2023' }, module: { type: 'es6' } },
    ],
  },
  extensionsToTreatAsEsm: ['.ts'],
} as const

const config: Config = {
  projects: ['unit', 'integration', 'e2e'].map((name) => ({
    ...shared,
    displayName: name,
    testMatch: [`<rootDir>/test/${name}/**/*.test.ts`],
  })) as never,
}

export default config
