/** The files of the console's web application, read from the bundle or built from the sources, once and at the first request. */
import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { gzip } from 'node:zlib'
import { buildConsolePage, builtFolder, consoleFolder, type PageFiles } from '../../local/bundle/console-page.ts'
import { ownBundle, projectRoot } from '../../local/bundle/own.ts'
import { type ControlAnswer, ControlProblem } from './answer.ts'
import { html } from './pages.ts'

/** Everything comes from this listener, in files: nothing in the document runs, and no address but ours is asked. */
export const pagePolicy = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self'",
  "connect-src 'self'",
  "img-src 'self'",
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
].join('; ')

/** Each is a view of the application; what follows the first part is the application's. */
const views = new Set([
  '',
  'connections',
  'dead-letters',
  'replays',
  'keyword-lists',
  'rule-sets',
  'why',
  'topics',
  'access',
  'audit',
  'reports',
])

export const isView = (path: string): boolean => !path.startsWith('//') && views.has(path.split('/')[1] ?? '')

const types: Readonly<Record<string, string>> = {
  js: 'text/javascript; charset=utf-8',
  css: 'text/css; charset=utf-8',
  svg: 'image/svg+xml',
}

const readBuilt = async (folder: string): Promise<PageFiles> => {
  const names = await readdir(folder)
  const texts = await Promise.all(names.map((name) => readFile(join(folder, name), 'utf8')))
  return Object.fromEntries(names.map((name, n) => [name, texts[n] as string]))
}

/** @throws Error when a development package is missing */
export const loadPageFiles = (): Promise<PageFiles> =>
  ownBundle === null ? buildConsolePage(projectRoot()) : readBuilt(join(ownBundle, consoleFolder, builtFolder))

export class PageServer {
  readonly #load: () => Promise<PageFiles>
  #files: Promise<PageFiles> | undefined
  readonly #zipped = new Map<string, Promise<Buffer>>()

  /** @param load is called once, at the first request; again if it failed */
  constructor(load: () => Promise<PageFiles>) {
    this.#load = load
  }

  /** The document, for every view. @throws ControlProblem 503 where the application cannot be built */
  async document(): Promise<ControlAnswer> {
    const files = await this.#all()
    return html(200, files['index.html'] ?? '', pagePolicy)
  }

  /**
   * A script or style; its name holds a hash of its content, so a browser keeps it.
   * @throws ControlProblem 404 for an unknown one, such as of an earlier version
   */
  async asset(name: string, acceptEncoding: string): Promise<ControlAnswer> {
    const files = await this.#all()
    const type = types[name.split('.').at(-1) ?? '']
    const text = Object.hasOwn(files, name) ? files[name] : undefined
    if (text === undefined || type === undefined)
      throw new ControlProblem(404, 'path', 'load the page again: / is newer')
    const headers = { 'cache-control': 'private, max-age=31536000, immutable', vary: 'accept-encoding' }
    if (!/\bgzip\b/.test(acceptEncoding)) return { status: 200, type, body: text, headers }
    const zipped = this.#zipped.get(name) ?? promisify(gzip)(text, { level: 9 })
    this.#zipped.set(name, zipped)
    return { status: 200, type, body: await zipped, headers: { ...headers, 'content-encoding': 'gzip' } }
  }

  async #all(): Promise<PageFiles> {
    this.#files ??= this.#load()
    try {
      return await this.#files
    } catch {
      this.#files = undefined
      throw new ControlProblem(
        503,
        'no_page',
        'the web application is not built: start control from a bundle (`make bundle`), or install the development packages',
      )
    }
  }
}
