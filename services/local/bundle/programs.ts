/** The programs of a bundle, by name: the source file of each, from the project's root. */
export const programs = {
  gateway: 'services/gateway/main.ts',
  ingest: 'services/ingest/main.ts',
  attribution: 'services/attribution/main.ts',
  keywords: 'services/keywords/main.ts',
  dispatch: 'services/dispatch/main.ts',
  console: 'services/control/main.ts',
  simulator: 'services/local/simulator/main.ts',
  compact: 'services/local/compact/main.ts',
  guard: 'services/local/supervisor/guard/main.ts',
  preparer: 'services/local/supervisor/preparation/main.ts',
  signals: 'services/cli/main.ts',
  'compile-worker': 'services/keywords/matching/compile/worker.ts',
} as const

export type Program = keyof typeof programs

export const mappingsPath = 'services/shared/sources/mappings'

/** Files that programs read at run time: kept in the bundle under their path from the project's root. */
export const assets: readonly string[] = [
  'schemas',
  mappingsPath,
  'services/dispatch/destinations/tiktok/profiles',
  'services/local/simulator/page.html',
  'docs/runbooks',
  'docs/operators',
]
