/** Builds the console's web application: a document, a script, a style and an icon, with the hash of their content in their names. */
import { createHash } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'

/** Text by file name; `index.html` refers to the others below `/assets/`. */
export type PageFiles = Readonly<Record<string, string>>

/** Below the root of the project, and below that of a bundle. */
export const consoleFolder = 'services/console'
/** In a bundle, below `consoleFolder`. */
export const builtFolder = 'built'

const hashed = (name: string, text: string) => {
  const digest = createHash('sha256').update(text).digest('hex').slice(0, 12)
  return name.replace(/\.(\w+)$/, `.${digest}.$1`)
}

const compile = async (root: string) => {
  const esbuild = await import('esbuild')
  return esbuild.build({
    absWorkingDir: root,
    entryPoints: { console: `${consoleFolder}/main.tsx` },
    outdir: 'console',
    bundle: true,
    minify: true,
    write: false,
    format: 'esm',
    platform: 'browser',
    target: ['chrome111', 'firefox113', 'safari16.4'],
    legalComments: 'eof',
    jsx: 'automatic',
    jsxImportSource: 'preact',
    define: { 'process.env.NODE_ENV': '"production"' },
    logLevel: 'silent',
    metafile: true,
  })
}

/**
 * Names of the packages whose code browsers get. They are development packages here, and shipped all the same.
 * @param root of the project, with its `node_modules`
 * @throws as `buildConsolePage`
 */
export const packagesInConsolePage = async (root: string): Promise<readonly string[]> => {
  const { metafile } = await compile(root)
  const names = Object.keys(metafile.inputs).map((path) => {
    const [scope = '', name] = path.split('node_modules/').slice(1).at(-1)?.split('/') ?? []
    return scope.startsWith('@') ? `${scope}/${name}` : scope
  })
  return [...new Set(names.filter((name) => name !== ''))].sort()
}

/**
 * @param root of the project, with its `node_modules`
 * @throws Error when a source does not compile, or a development package is missing
 */
export const buildConsolePage = async (root: string): Promise<PageFiles> => {
  const { outputFiles } = await compile(root)
  const textOf = (ending: string) => outputFiles.find(({ path }) => path.endsWith(ending))?.text ?? ''
  const [script, style] = [textOf('.js'), textOf('.css')]
  const [scriptName, styleName] = [hashed('console.js', script), hashed('console.css', style)]
  const icon = readFileSync(join(root, consoleFolder, 'icon.svg'), 'utf8')
  const iconName = hashed('icon.svg', icon)
  const document = readFileSync(join(root, consoleFolder, 'index.html'), 'utf8')
    .replace('icon.svg', iconName)
    .replace('console.js', scriptName)
    .replace('console.css', styleName)
  return { 'index.html': document, [scriptName]: script, [styleName]: style, [iconName]: icon }
}
