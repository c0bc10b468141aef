/**
 * Bundles the programs into a folder that needs no `node_modules`: a file for each program, and shared files that several programs or
 * a lazy import need. A bundle starts in less time and memory than the sources, because Node resolves and compiles fewer files.
 */
import { cpSync, existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { basename, dirname, join, relative, sep } from 'node:path'
import type { Plugin } from 'esbuild'
import { checkedFolder, readMapping } from '../../shared/sources/index.ts'
import { buildConsolePage, builtFolder, consoleFolder } from './console-page.ts'
import { assets, mappingsPath, programs } from './programs.ts'

/** Native or optional: each is used when it is installed, and has a substitute or a clear error when it is not. */
const optional = [
  'testcontainers',
  '@confluentinc/schemaregistry',
  'aws-msk-iam-sasl-signer-js',
  'protobufjs',
  '@node-rs/crc32',
]

/** CommonJS packages in the bundle use these names. */
const commonJs = [
  "import { createRequire as createRequireOfBundle } from 'node:module'",
  'const require = createRequireOfBundle(import.meta.url)',
  'const __filename = import.meta.filename',
  'const __dirname = import.meta.dirname',
].join('\n')

/** All files of a bundle are in one folder, so a source finds its assets by its own path below it. */
const sourceFolders = (root: string): Plugin => ({
  name: 'source-folders',
  setup: ({ onLoad }) => {
    onLoad({ filter: /[\\/](?:services|schemas)[\\/].*\.ts$/ }, ({ path }) => {
      const text = readFileSync(path, 'utf8')
      const own = relative(root, dirname(path)).split(sep).join('/')
      const contents = text.replaceAll('import.meta.dirname', `(import.meta.dirname + ${JSON.stringify(`/${own}`)})`)
      return { loader: 'ts', contents }
    })
  },
})

/**
 * @platformatic/kafka compiles validators for the options of its clients when it is imported, which takes 0.2 s of CPU. The adapter is
 * its only caller, and the compiler checks the adapter's options.
 */
const withoutValidators: Plugin = {
  name: 'without-validators',
  setup: ({ onResolve, onLoad }) => {
    onResolve({ filter: /^ajv(?:-draft-04)?(?:\/.*)?$/ }, ({ importer }) =>
      /[\\/]@platformatic[\\/]kafka[\\/]/.test(importer) ? { path: 'ajv', namespace: 'no-validators' } : undefined,
    )
    onLoad({ filter: /.*/, namespace: 'no-validators' }, () => ({
      contents: `export class Ajv {
  addKeyword() { return this }
  addSchema() { return this }
  addMetaSchema() { return this }
  compile() { return () => true }
}
export { Ajv as Ajv2020, Ajv as default }`,
    }))
  },
}

/** The native CRC of this machine, if it is installed; without it the client has one in WebAssembly. */
const copyNatives = (root: string, folder: string): void => {
  const scope = join('node_modules', '@node-rs')
  if (!existsSync(join(root, scope))) return
  for (const name of readdirSync(join(root, scope)))
    if (name.startsWith('crc32')) cpSync(join(root, scope, name), join(folder, scope, name), { recursive: true })
}

/** The shipped mappings as JSON, beside their YAML. @param folder holds the assets. @throws MappingInvalid */
export const writeCheckedMappings = (folder: string): void => {
  const mappings = join(folder, mappingsPath)
  mkdirSync(join(mappings, checkedFolder))
  for (const file of readdirSync(mappings).filter((name) => name.endsWith('.yaml'))) {
    const { document } = readMapping(readFileSync(join(mappings, file), 'utf8'), file)
    writeFileSync(join(mappings, checkedFolder, `${basename(file, '.yaml')}.json`), JSON.stringify(document))
  }
}

const writeConsolePage = async (root: string, folder: string): Promise<void> => {
  const built = join(folder, consoleFolder, builtFolder)
  mkdirSync(built, { recursive: true })
  for (const [name, text] of Object.entries(await buildConsolePage(root))) writeFileSync(join(built, name), text)
}

/**
 * @param root of the project, with its `node_modules`
 * @param folder must be new or empty
 * @param more further programs by name, as paths from the root
 * @throws Error when a source does not compile, or esbuild, a development package, is missing
 */
export const buildBundle = async (
  root: string,
  folder: string,
  more: Readonly<Record<string, string>> = {},
): Promise<void> => {
  const esbuild = await import('esbuild')
  try {
    await esbuild.build({
      absWorkingDir: root,
      entryPoints: { ...programs, ...more },
      outdir: folder,
      chunkNames: 'shared-[hash]',
      bundle: true,
      splitting: true,
      format: 'esm',
      platform: 'node',
      target: 'node24',
      legalComments: 'linked',
      external: optional,
      // The package's other entry reads a file beside it.
      alias: { '@platformatic/wasm-utils': '@platformatic/wasm-utils/bundled' },
      banner: { js: commonJs },
      plugins: [sourceFolders(root), withoutValidators],
      logLevel: 'silent',
    })
    await writeConsolePage(root, folder)
  } finally {
    await esbuild.stop()
  }
  for (const asset of assets) cpSync(join(root, asset), join(folder, asset), { recursive: true })
  writeCheckedMappings(folder)
  copyNatives(root, folder)
  const { version } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as { version: string }
  writeFileSync(join(folder, 'package.json'), `${JSON.stringify({ private: true, type: 'module', version })}\n`)
}
