/** A browser on the console, with what every story checks: addresses that are asked, errors, accessibility. */
import { readFileSync, writeFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { type Browser, chromium, type Page } from 'playwright-core'

export const chromiumPath = process.env.CHROMIUM ?? '/usr/bin/chromium'
const axe = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8')

export interface OpenedPage {
  readonly page: Page
  /** Addresses outside of the console that the page asked for. */
  readonly foreign: readonly string[]
  /** Errors of the page, and what its policy refused. */
  readonly errors: readonly string[]
}

export const openBrowser = (): Promise<Browser> =>
  chromium.launch({ executablePath: chromiumPath, args: ['--no-sandbox', '--disable-dev-shm-usage'] })

export const openPage = async (browser: Browser, consoleUrl: string): Promise<OpenedPage> => {
  // The policy of the page lets no script in that is not ours; axe comes by the debugger, past the policy.
  const page = await (await browser.newContext({ viewport: { width: 1280, height: 900 } })).newPage()
  const foreign: string[] = []
  const errors: string[] = []
  page.on('request', (request) => {
    if (!request.url().startsWith(consoleUrl)) foreign.push(request.url())
  })
  page.on('pageerror', (error) => errors.push(error.message))
  page.on('console', (message) => {
    if (message.type() === 'error') errors.push(message.text())
  })
  page.setDefaultTimeout(10_000)
  return { page, foreign, errors }
}

/** @returns a line for each violation of WCAG 2 A and AA, and of axe's best practices */
export const violationsOf = async (page: Page): Promise<readonly string[]> => {
  await page.evaluate(`${axe}; undefined`)
  const found = (await page.evaluate('axe.run(document, { resultTypes: ["violations"] })')) as {
    violations: readonly { id: string; help: string; nodes: readonly { html: string; failureSummary: string }[] }[]
  }
  return found.violations.map(
    ({ id, help, nodes }) => `${id}: ${help}: ${nodes[0]?.html.slice(0, 160)} ${nodes[0]?.failureSummary}`,
  )
}

export const isTooWide = (page: Page): Promise<boolean> =>
  page.evaluate('document.documentElement.scrollWidth > document.documentElement.clientWidth') as Promise<boolean>

/** Longer pages are lists, and are cut. */
const mostHeight = 2_000

/** The page as WebP, a third of what a PNG takes. */
export const picture = async (page: Page, path: string): Promise<void> => {
  const session = await page.context().newCDPSession(page)
  const { cssContentSize: size } = await session.send('Page.getLayoutMetrics')
  const clip = { x: 0, y: 0, width: size.width, height: Math.min(size.height, mostHeight), scale: 1 }
  const { data } = await session.send('Page.captureScreenshot', {
    ...{ format: 'webp', quality: 50, captureBeyondViewport: true, clip },
  })
  writeFileSync(path, Buffer.from(data, 'base64'))
  await session.detach()
}
