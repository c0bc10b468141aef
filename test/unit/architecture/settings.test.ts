import { expectNone } from '../../support/source-code/expect-none.ts'
import { filesBelow, read } from '../../support/source-code/files.ts'
import { withoutComments } from '../../support/source-code/scan.ts'

/** Keys of the schemas in a file of settings: `  REDIS_URL: z.string()`, or picked as `KAFKA_BROKERS,`. */
const settingsIn = (source: string): string[] =>
  Array.from(withoutComments(source).matchAll(/^\s+([A-Z][A-Z0-9_]{3,})(?::|,$)/gm), ([, name = '']) => name)

const files = filesBelow('services').filter((file) => /\/(?:config|settings)\.ts$/.test(file))
const settings = [...new Set(files.flatMap((file) => settingsIn(read(file))))].sort()
const pages = [...filesBelow('docs', '.md'), ...filesBelow('services', '.md'), 'README.md'].map(read).join('\n')

describe('settings', () => {
  it('are found', () => expect(settings.length).toBeGreaterThan(30))

  it('are named by a page of docs/ or a README each', () => {
    expectNone(
      settings.filter((name) => !new RegExp(`\\b${name}\\b`).test(pages)),
      'Add unit, default and meaning to the table Settings of docs/operations.md, or to the page of the stage.',
    )
  })

  it('are read from a schema', () => {
    const source = 'export const fields = {\n  REDIS_URL: z.string(),\n  // OLD_NAME: gone\n  LOG_LEVEL,\n}\n'
    expect(settingsIn(source)).toEqual(['REDIS_URL', 'LOG_LEVEL'])
  })
})
