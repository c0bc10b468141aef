/**
 * `make bench-console`: the console with 10,000 connections and 1,000 dead letters: when a page can be used, how soon it shows a change, how long
 * its requests take, and what it costs control. Ends with 1 where a figure is worse than promised.
 */
import { existsSync, readFileSync } from 'node:fs'
import type { Page, Request } from 'playwright-core'
import { makeLoginLink } from '../../services/local/supervisor/login-link.ts'
import { readState } from '../../services/local/supervisor/state-file.ts'
import { chromiumPath, openBrowser, openPage } from '../console/browser.ts'
import { openStories } from '../console/pipeline.ts'
import { goTo } from '../console/story.ts'
import { Checks, print, sleep } from '../scenarios/scenario.ts'

const connections = 10_000
const deadLetters = 1_000
const promised = { interactiveMs: 1_000, shownMs: 2_000, requestMs: 200, cpuShare: 0.03 }
const watchedMs = 30_000
const rounds = 5

if (!existsSync(chromiumPath)) {
  print(`needs ${chromiumPath}, or CHROMIUM with the path of a browser`)
  process.exit(2)
}
const checks = new Checks()
const stories = await openStories()
const { ready, dataDir } = stories
const control = readState(dataDir)?.children.console?.pid
if (control === undefined) throw new Error(`control does not run: ${Object.keys(readState(dataDir)?.children ?? {})}`)

/** CPU seconds of a process so far. */
const cpuOf = (pid: number): number => {
  const fields = readFileSync(`/proc/${pid}/stat`, 'utf8')
    .replace(/^.*\) /, '')
    .split(' ')
  return (Number(fields[11]) + Number(fields[12])) / 100
}
const cpuShare = async (): Promise<number> => {
  const from = cpuOf(control)
  await sleep(watchedMs)
  return (cpuOf(control) - from) / (watchedMs / 1_000)
}
const percent = (share: number) => `${(share * 100).toFixed(1)} % of a core`
const largest = (values: readonly number[]) => Math.round(Math.max(...values))
const until = async (holds: () => Promise<boolean>): Promise<number> => {
  const from = performance.now()
  while (!(await holds())) {
    if (performance.now() - from > 30_000) throw new Error('not shown within 30 s')
    await sleep(20)
  }
  return performance.now() - from
}

const opened = async (page: Page, path: string, ready: string): Promise<number> => {
  const from = performance.now()
  await page.goto(`${stories.ready.console}${path}`, { waitUntil: 'commit' })
  await page.locator(ready).first().waitFor()
  return performance.now() - from
}

const browser = await openBrowser()
try {
  await stories.connect('shop', stories.whatsappAccount)
  await stories.connectMany(connections)
  // The page of keyword lists shows what they hit.
  await stories.signals('keywords', 'import', stories.file('list.csv', 'keyword,flag\nhola,asked_price\n'))
  for (let from = 0; from < deadLetters; from += 500)
    // Of two sources: one alone would come into quarantine.
    await stories.write(
      Array.from({ length: 500 }, () => JSON.stringify({ source: from === 0 ? 'line' : 'zalo', text: 'x' })),
    )
  await sleep(15_000)
  const idle = await cpuShare()
  const { page } = await openPage(browser, ready.console)
  const slow: string[] = []
  const times: number[] = []
  page.on('requestfinished', (request: Request) => {
    const { pathname } = new URL(request.url())
    if (!pathname.startsWith('/admin/')) return
    const { requestStart, responseEnd } = request.timing()
    times.push(responseEnd - requestStart)
    if (responseEnd - requestStart > promised.requestMs)
      slow.push(`${pathname} ${Math.round(responseEnd - requestStart)} ms`)
  })
  const link = await makeLoginLink(ready.console, dataDir, process.env)
  await page.goto(link ?? '')
  await page.getByRole('heading', { name: 'Overview' }).waitFor()

  const loads: number[] = []
  for (let round = 0; round < rounds; round++) {
    loads.push(await opened(page, '/', '.pipeline li'))
    loads.push(await opened(page, '/connections', 'tbody tr'))
    loads.push(await opened(page, '/dead-letters', 'tbody tr'))
  }
  checks.check(
    'a page can be used',
    largest(loads) <= promised.interactiveMs,
    `at most ${largest(loads)} ms of ${loads.length}`,
  )

  await page.goto(`${ready.console}/dead-letters`)
  const open = () =>
    page.getByRole('table', { name: 'Causes of dead letters' }).locator('tbody tr').first().getByRole('cell').nth(1)
  await until(async () => (await open().textContent()) === '1,000')
  const shown: number[] = []
  for (let round = 1; round <= rounds; round++) {
    await stories.write(['{"source":"whatsapp","text":"x"}'])
    shown.push(await until(async () => (await open().textContent()) === `1,00${round}`))
    await sleep(700)
  }
  checks.check(
    'a new dead letter shows',
    largest(shown) <= promised.shownMs,
    `at most ${largest(shown)} ms of ${rounds}`,
  )

  for (const name of [
    'Connections',
    'Dead letters',
    'Replays',
    'Keyword lists',
    'Rule sets',
    'Topics',
    'Access',
    'Audit',
  ]) {
    await goTo(page, name)
    await sleep(2_500)
  }
  await goTo(page, 'Connections')
  for (const text of ['advertiser-0', 'advertiser-09', '9000004217']) {
    await page.getByLabel('Search').fill(text)
    await sleep(800)
  }
  checks.check(
    'no request is slow',
    slow.length === 0,
    `${times.length} requests, at most ${largest(times)} ms${slow.length > 0 ? `: ${[...new Set(slow)].slice(0, 10).join(', ')}` : ''}`,
  )

  await goTo(page, 'Overview')
  await sleep(3_000)
  const open30 = await cpuShare()
  checks.check(
    'control with the overview open',
    open30 - idle <= promised.cpuShare,
    `${percent(open30)}; without a page ${percent(idle)}`,
  )
} finally {
  await browser.close()
  await stories.stop()
}
process.exitCode = checks.failed === 0 ? 0 : 1
