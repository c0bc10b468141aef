/**
 * `make console-stories`: a person works with the console of a real pipeline, in a browser: looks, searches, pauses by keyboard, finds
 * the cause of a stopped Kafka and of a frozen stage. Each page is checked by axe, at 390 and 1280 pixels, in light and dark.
 *
 *   node test/console/stories.ts [--shots FOLDER]
 */
import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import type { Page } from 'playwright-core'
import { startPipeline } from '../../services/local/demo/pipeline.ts'
import { whatsappAccount, whatsappSecret, whatsappText } from '../../services/local/demo/webhooks.ts'
import { makeLoginLink } from '../../services/local/supervisor/login-link.ts'
import { readState } from '../../services/local/supervisor/state-file.ts'
import { openBroker } from '../../services/runtime/adapters/kafka/index.ts'
import { kafkaSettingsOf } from '../../services/runtime/config.ts'
import { topics } from '../../services/topology.ts'
import { Checks, print } from '../scenarios/scenario.ts'
import { chromiumPath, isTooWide, openBrowser, openPage, violationsOf } from './browser.ts'

const { values } = parseArgs({ options: { shots: { type: 'string' } } })
if (!existsSync(chromiumPath)) {
  print(`skipped: the stories of the console need ${chromiumPath}, or CHROMIUM with the path of a browser`)
  process.exit(0)
}
if (values.shots) mkdirSync(values.shots, { recursive: true })

const checks = new Checks()
const began = Date.now()
const dataDir = mkdtempSync(join(tmpdir(), 'signals-console-'))
const pipeline = await startPipeline(dataDir, {
  ...process.env,
  WHATSAPP_WEBHOOK_SECRET: whatsappSecret,
  LOG_LEVEL: 'warn',
})
const { ready } = pipeline

const signals = async (...args: string[]): Promise<string> => {
  const { code, stdout, stderr } = await pipeline.signals(...args)
  if (code !== 0) throw new Error(`signals ${args.join(' ')}: ${stderr}`)
  return stdout
}
const connect = async (connectionId: string, accountId: string) => {
  const file = join(dataDir, `${connectionId}.json`)
  const ids = {
    connectionId,
    accountId,
    tenantId: 'stories',
    source: 'whatsapp',
    advertiserId: '700',
    eventSetId: '900',
  }
  writeFileSync(file, JSON.stringify({ ...ids, accessToken: 'token-of-the-stories' }))
  await signals('connections', 'add', '--file', file)
}

const until = async (what: string, holds: () => Promise<boolean>, ms = 15_000) => {
  const from = Date.now()
  for (const end = from + ms; Date.now() < end; await new Promise((resolve) => setTimeout(resolve, 100)))
    if (await holds()) return checks.check(what, true, `${((Date.now() - from) / 1000).toFixed(1)} s`)
  checks.check(what, false, `not within ${ms / 1000} s`)
}
const summary = (page: Page) =>
  page
    .locator('.summary strong')
    .textContent()
    .then((text) => text ?? '')
const problems = (page: Page) => page.locator('.problem h3').allTextContents()

/** Goes on with Tab until the named control has the focus, as a person without a mouse does. */
const tabTo = async (page: Page, name: string): Promise<boolean> => {
  for (let n = 0; n < 60; n++) {
    await page.keyboard.press('Tab')
    if ((await page.evaluate('document.activeElement?.textContent?.trim() ?? ""')) === name) return true
  }
  return false
}

const looks = async (page: Page, name: string, path: string) => {
  for (const colorScheme of ['light', 'dark'] as const) {
    await page.emulateMedia({ colorScheme })
    for (const width of [390, 1280]) {
      await page.setViewportSize({ width, height: 900 })
      await page.goto(`${ready.console}${path}`)
      await page.locator('main h1').waitFor()
      await page.waitForLoadState('networkidle').catch(() => {})
      const found = await violationsOf(page)
      const [wide, sizes] = [await isTooWide(page), `${width} ${colorScheme}`]
      checks.check(
        `${name}, ${sizes}: axe finds nothing, and nothing is cut off`,
        found.length === 0 && !wide,
        [...found, wide ? 'too wide' : ''].join('\n  ').trim(),
      )
      if (values.shots)
        await page.screenshot({ path: join(values.shots, `${name}-${width}-${colorScheme}.png`), fullPage: true })
    }
  }
  await page.emulateMedia({ colorScheme: 'light' })
}

const browser = await openBrowser()
try {
  const { page, foreign, errors } = await openPage(browser, ready.console)
  const link = await makeLoginLink(ready.console, dataDir, process.env)
  if (!link) throw new Error('the console gives no login link')
  await page.goto(link)
  await page.getByRole('heading', { name: 'Overview' }).waitFor()
  await until(
    'nothing is connected: the overview does not call it well',
    async () =>
      (await summary(page)).includes('to look at') && (await problems(page)).join().includes('no account is connected'),
  )

  await connect('shop', whatsappAccount)
  await connect('other-shop', '55099')
  writeFileSync(join(dataDir, 'keywords.csv'), 'keyword,flag\ncuánto cuesta,asked_price\n')
  await signals('keywords', 'import', join(dataDir, 'keywords.csv'))
  await until('with two shops and a list all is well', async () => (await summary(page)) === 'All is well', 30_000)
  const { path, headers, body } = whatsappText('5215550001', 'wamid.1', 'hola, ¿cuánto cuesta?', Date.now() - 60_000)
  await fetch(`${ready.gateway}${path}`, { method: 'POST', headers, body })
  await until(
    'a conversation shows as a delivery',
    async () => (await page.getByRole('row', { name: /shop.*accepted|shop.*sent/i }).count()) > 0,
  )

  await page.getByRole('link', { name: 'Connections', exact: true }).click()
  await page.getByLabel('Search').fill('OTHER')
  await until(
    'a search leaves one connection, and the address carries it',
    async () => (await page.locator('tbody tr').count()) === 1 && page.url().includes('text=OTHER'),
  )
  await page.getByRole('link', { name: 'other-shop' }).click()
  await page.getByRole('button', { name: 'Pause' }).waitFor()
  const reached = await tabTo(page, 'Pause')
  await page.keyboard.press('Enter')
  await page.getByRole('dialog').getByRole('button', { name: 'Pause' }).waitFor()
  await page.keyboard.press('Tab')
  await page.keyboard.press('Enter')
  await until(
    'a connection is paused by keyboard',
    async () => reached && (await page.getByText('paused', { exact: true }).count()) > 0,
  )
  await page.getByRole('button', { name: 'Disconnect' }).click()
  const dialog = page.getByRole('dialog', { name: 'Disconnect other-shop' })
  checks.check(
    'disconnecting asks for the name first',
    await dialog.getByRole('button', { name: 'Disconnect' }).isDisabled(),
  )
  await dialog.getByLabel('Type').fill('other-shop')
  await dialog.getByRole('button', { name: 'Disconnect' }).click()
  await until(
    'a connection is disconnected',
    async () => (await page.getByText('disconnected', { exact: true }).count()) > 0,
  )

  writeFileSync(join(dataDir, 'more.csv'), 'keyword,flag\ncuánto cuesta,asked_price\nenvío,asked_delivery\n')
  await signals('keywords', 'import', join(dataDir, 'more.csv'), '--shadow')
  await page.getByRole('link', { name: 'Keyword lists' }).click()
  const rowOf = (version: number) => page.getByRole('row', { name: new RegExp(`^default ${version} `) })
  const confirm = async (version: number, action: string) => {
    await rowOf(version).getByRole('button', { name: action }).click()
    await page
      .getByRole('dialog', { name: new RegExp(`^${action}|^Roll`) })
      .getByRole('button', { name: action })
      .click()
  }
  const isActive = (version: number) => async () => (await rowOf(version).getByText('active').count()) > 0
  await rowOf(2).waitFor()
  await confirm(2, 'Promote')
  await until('a shadow version is promoted, as version 3', isActive(3))
  await confirm(1, 'Roll back')
  await until('the list is rolled back, as version 4', isActive(4))
  await page.getByRole('button', { name: 'default 2', exact: true }).click()
  await until(
    'what differs between two versions is shown',
    async () => (await page.getByText('envío → asked_delivery').count()) > 0,
  )
  await page.getByLabel('Text, of which nothing is kept').fill('¿cuánto cuesta el envío?')
  await page.getByRole('button', { name: 'Try', exact: true }).click()
  await until(
    'a text is tried against the active version',
    async () => (await page.getByText('Version 4 raises asked_price.').count()) > 0,
  )
  await page.getByRole('link', { name: 'Why' }).click()
  await page.getByLabel('Connection').fill('shop')
  await page.getByLabel('Id', { exact: true }).fill(`${whatsappAccount}:5215550001`)
  await page.getByRole('button', { name: 'Explain' }).click()
  await until('a conversation is explained, without a word of it', async () => {
    const text = (await page.locator('main').textContent()) ?? ''
    return text.includes('starts the conversation') && text.includes('asked_price') && !text.includes('hola')
  })

  const broker = openBroker(kafkaSettingsOf(process.env, ready.brokers, 'stories'))
  const producer = await broker.producer()
  const value = Buffer.from('{"source":"whatsapp","text":"palabra secreta"}')
  await producer.send([{ topic: topics.channelEvents.name, key: 'a person', value }])
  await producer.close()
  await broker.close()
  await page.getByRole('link', { name: 'Dead letters' }).click()
  await until('a dead letter is shown by its cause and by itself, without its text', async () => {
    const text = (await page.locator('main').textContent()) ?? ''
    return text.includes('ingest event_invalid') && text.includes('sealed') && !text.includes('secreta')
  })
  await page.goto(ready.console)
  await until('with an open dead letter all is not well', async () =>
    (await problems(page)).join().includes('open dead letters: 1'),
  )

  for (const [name, path] of [
    ['overview', '/'],
    ['connections', '/connections'],
    ['connection', '/connections/shop'],
    ['dead-letters', '/dead-letters'],
    ['keyword-lists', '/keyword-lists?id=default&to=2'],
    ['rule-sets', '/rule-sets'],
    ['why', '/why'],
    ['reports', '/reports'],
    ['replays', '/replays'],
    ['audit', '/audit'],
  ] as const)
    await looks(page, name, path)
  checks.check('the page asks no foreign address', foreign.length === 0, foreign.join())
  checks.check('the page has no error, and its policy refuses nothing', errors.length === 0, errors.join('\n  '))

  await page.goto(ready.console)
  const children = readState(dataDir)?.children ?? {}
  const freeze = async (name: string, work: () => Promise<void>) => {
    const pid = children[name]?.pid
    if (!pid) throw new Error(`${name} does not run: ${Object.keys(children).join()}`)
    process.kill(pid, 'SIGSTOP')
    try {
      await work()
    } finally {
      process.kill(pid, 'SIGCONT')
    }
  }
  await freeze('keywords', () =>
    until('a frozen stage is a problem with its runbook', async () => {
      const text = await page
        .locator('.problem')
        .first()
        .textContent()
        .catch(() => '')
      return (
        !!text && text.includes('keywords does not answer') && text.includes('What to do') && text.includes('signals')
      )
    }),
  )
  await freeze('kafka', () =>
    until(
      'a stopped Kafka is one problem, and figures say as of when',
      async () => {
        const [first = '', ...others] = (await problems(page)).filter((text) => !text.includes('dead letters'))
        return (
          first.includes('kafka does not answer') &&
          others.length === 0 &&
          (await page.getByText('lag and dead letters as of').count()) > 0
        )
      },
      30_000,
    ),
  )

  const viewer = JSON.parse(await signals('tokens', 'create', '--all-tenants', '--scope', 'report', '--json')) as {
    token: string
  }
  const visit = await openPage(browser, ready.console)
  await visit.page.goto(`${ready.console}/connections/shop`)
  await visit.page.getByLabel('Token').fill(viewer.token)
  await visit.page.getByRole('button', { name: 'Log in' }).click()
  await visit.page.getByRole('heading', { name: 'Overview' }).waitFor()
  await visit.page.goto(`${ready.console}/connections/shop`)
  await visit.page.getByText('Your role may look').waitFor()
  const buttons = await visit.page.getByRole('button', { name: /Pause|Disconnect|Reconnect/ }).count()
  checks.check(
    'a viewer looks, and has no button that acts',
    buttons === 0 && (await visit.page.getByRole('link', { name: 'Audit' }).count()) === 0,
  )
  await visit.page.getByRole('button', { name: 'Log out' }).click()
  await visit.page.getByLabel('Token').waitFor()
  checks.check('log out leads to the login page', visit.page.url().endsWith('/login'))
} finally {
  await browser.close()
  await pipeline.stop()
  rmSync(dataDir, { recursive: true, force: true })
}
print(
  `${checks.failed === 0 ? 'all stories hold' : `${checks.failed} failed`}, ${Math.round((Date.now() - began) / 1000)} s`,
)
process.exitCode = checks.failed === 0 ? 0 : 1
