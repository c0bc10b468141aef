/**
 * `make console-stories`: people work with the console of a real pipeline, in a browser. Thirteen stories: nothing connected and all well, a list
 * imported, counted as a shadow, promoted and rolled back, a replay stopped and resumed, why something was not reported, dead letters of two causes redriven, a throttled
 * advertiser healed, test events, a token lost and renewed, a time brushed, a stage killed, Kafka stopped, 10,000 connections searched, a viewer who may not act. Each page is checked by axe, at 390 and
 * 1280 pixels, in light and dark.
 *
 *   node test/console/stories.ts [--shots FOLDER]
 */
import { existsSync, mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import type { Page } from 'playwright-core'
import { makeLoginLink } from '../../services/local/supervisor/login-link.ts'
import { print } from '../scenarios/scenario.ts'
import {
  deadLettersRedriven,
  listImportedPromotedAndRolledBack,
  replayStoppedAndResumed,
  testEventSent,
  throttledHealedAndSentAtOnce,
  tokenLostAndReconnected,
} from './actions.ts'
import { chromiumPath, isTooWide, openBrowser, openPage, picture, violationsOf } from './browser.ts'
import { openStories } from './pipeline.ts'
import { checks, goTo, mainText, problems, summary, tabTo, until } from './story.ts'
import { timeBrushed } from './views.ts'

const { values } = parseArgs({ options: { shots: { type: 'string' } } })
if (!existsSync(chromiumPath)) {
  print(`skipped: the stories of the console need ${chromiumPath}, or CHROMIUM with the path of a browser`)
  process.exit(0)
}
if (values.shots) mkdirSync(values.shots, { recursive: true })

const began = Date.now()
const stories = await openStories()
const { ready, dataDir, signals, whatsappAccount } = stories

const looks = async (page: Page, name: string, path: string) => {
  for (const colorScheme of ['light', 'dark'] as const) {
    await page.emulateMedia({ colorScheme })
    // Narrow and dark, wide and light have everything once; pictures are of all four.
    for (const width of values.shots ? [390, 1280] : [colorScheme === 'dark' ? 390 : 1280]) {
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
      if (values.shots) await picture(page, join(values.shots, `${name}-${width}-${colorScheme}.webp`))
    }
  }
  await page.emulateMedia({ colorScheme: 'light' })
}

const nothingConnectedThenAllWell = async (page: Page) => {
  await until(
    'nothing is connected: the overview does not call it well',
    async () =>
      (await summary(page)).includes('to look at') && (await problems(page)).join().includes('no account is connected'),
  )
  await stories.connect('shop', whatsappAccount)
  await stories.connect('other-shop', '55099')
  await signals('keywords', 'import', stories.file('keywords.csv', 'keyword,flag\ncuánto cuesta,asked_price\n'))
  await until('with two shops and a list all is well', async () => (await summary(page)) === 'All is well', 30_000)
  await stories.say('5215550001', 'hola, ¿cuánto cuesta?')
  await until(
    'a conversation shows as a delivery',
    async () => (await page.getByRole('row', { name: /shop.*accepted|shop.*sent/i }).count()) > 0,
  )
  // For the replay: nobody looks for shoes in the list yet.
  await Promise.all(shoeBuyers.map((n) => stories.say(`52155510${n}`, 'busco zapatos')))
}

const connectionSearchedPausedAndDisconnected = async (page: Page) => {
  await goTo(page, 'Connections')
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
}

const whyNotReported = async (page: Page) => {
  await goTo(page, 'Why')
  await page.getByLabel('Connection').fill('shop')
  await page.getByLabel('Id', { exact: true }).fill(`${whatsappAccount}:5215550001`)
  await page.getByRole('button', { name: 'Explain' }).click()
  await until('a conversation is explained, without a word of it', async () => {
    const text = await mainText(page)
    return text.includes('starts the conversation') && text.includes('asked_price') && !text.includes('hola')
  })
}

const openDeadLetterIsAProblem = async (page: Page) => {
  await stories.write(['{"source":"whatsapp","text":"palabra secreta"}'])
  await goTo(page, 'Overview')
  await until('with an open dead letter all is not well', async () =>
    (await problems(page)).join().includes('open dead letters: 1'),
  )
}

const stageKilled = async (page: Page) => {
  await goTo(page, 'Overview')
  stories.signal('keywords', 'SIGSTOP')
  const first = page.locator('.problem').first()
  await until('a frozen stage is a problem with its runbook', async () => {
    const text = (await first.textContent({ timeout: 1_000 })) ?? ''
    return text.includes('keywords does not answer') && text.includes('What to do') && text.includes('signals')
  })
  stories.signal('keywords', 'SIGKILL')
  await until(
    'a killed stage is started anew, and is no problem any more',
    async () => !(await problems(page)).join().includes('keywords'),
    40_000,
  )
}

const kafkaStopped = async (page: Page) => {
  stories.signal('kafka', 'SIGSTOP')
  try {
    await until(
      'a stopped Kafka is one problem, and figures say as of when',
      async () => {
        const [first = '', ...others] = await page.locator('.problem:not(.notice) h3').allTextContents()
        return (
          first.includes('kafka does not answer') &&
          others.length === 0 &&
          (await page.getByText('lag and dead letters as of').count()) > 0
        )
      },
      30_000,
    )
  } finally {
    stories.signal('kafka', 'SIGCONT')
  }
}

const tenThousandConnectionsSearched = async (page: Page) => {
  await goTo(page, 'Connections')
  await until('10,000 connections are found', async () => /of 10,00\d/.test(await mainText(page)), 60_000)
  await page.getByLabel('Search').fill('advertiser-04217')
  await until('and one of them, by its name', async () => (await page.locator('tbody tr').count()) === 1)
  await page.getByRole('link', { name: 'advertiser-04217' }).click()
  await page.getByRole('heading', { name: 'advertiser-04217' }).waitFor()
}

const viewerMayNotAct = async () => {
  const viewer = JSON.parse(await signals('tokens', 'create', '--all-tenants', '--scope', 'report', '--json')) as {
    token: string
  }
  const { page } = await openPage(browser, ready.console)
  await page.goto(`${ready.console}/connections/shop`)
  await page.getByLabel('Token').fill(viewer.token)
  await page.getByRole('button', { name: 'Log in' }).click()
  await page.getByRole('heading', { name: 'Overview' }).waitFor()
  const acting = /Pause|test|Disconnect|Reconnect|Dry run|Import|Promote|Roll back|Discard|^Put/
  for (const path of [
    '/connections/shop',
    '/dead-letters?stage=ingest&code=event_invalid',
    '/replays',
    '/keyword-lists',
    '/rule-sets',
  ]) {
    await page.goto(`${ready.console}${path}`)
    await page.getByText('Your role may look').waitFor()
    const buttons = await page.getByRole('button', { name: acting }).count()
    checks.check(`a viewer looks at ${path}, and has no button that acts`, buttons === 0, `${buttons}`)
  }
  checks.check('a viewer has no audit trail', (await page.getByRole('link', { name: 'Audit' }).count()) === 0, '')
  await page.getByRole('button', { name: 'Log out' }).click()
  await page.getByLabel('Token').waitFor()
  checks.check('log out leads to the login page', page.url().endsWith('/login'))
}

const shoeBuyers = Array.from({ length: 8 }, (_, n) => n)

const pages = [
  ['overview', '/'],
  ['connections', '/connections'],
  ['connection', '/connections/shop'],
  ['dead-letters', '/dead-letters?stage=ingest&code=event_invalid'],
  ['keyword-lists', '/keyword-lists?id=default&version=2'],
  ['rule-sets', '/rule-sets'],
  ['why', '/why'],
  ['reports', '/reports'],
  ['replays', '/replays'],
  ['topics', '/topics?topic=channel-events.v1'],
  ['access', '/access'],
  ['audit', '/audit'],
] as const

const browser = await openBrowser()
try {
  const { page, foreign, errors } = await openPage(browser, ready.console)
  const link = await makeLoginLink(ready.console, dataDir, process.env)
  if (!link) throw new Error('the console gives no login link')
  await page.goto(link)
  await page.getByRole('heading', { name: 'Overview' }).waitFor()
  await nothingConnectedThenAllWell(page)
  await connectionSearchedPausedAndDisconnected(page)
  await listImportedPromotedAndRolledBack(page, stories, '5215550004')
  await replayStoppedAndResumed(page, shoeBuyers.length)
  await whyNotReported(page)
  await openDeadLetterIsAProblem(page)
  await deadLettersRedriven(page, stories)
  await throttledHealedAndSentAtOnce(page, stories, '5215550003')
  await testEventSent(page)
  await tokenLostAndReconnected(page, stories, '5215550002')
  await timeBrushed(page)
  for (const [name, path] of pages) await looks(page, name, path)
  checks.check('the page asks no foreign address', foreign.length === 0, foreign.join())
  checks.check('the page has no error, and its policy refuses nothing', errors.length === 0, errors.join('\n  '))
  await page.setViewportSize({ width: 1280, height: 900 })
  await stageKilled(page)
  await kafkaStopped(page)
  await stories.connectMany(10_000)
  await tenThousandConnectionsSearched(page)
  await viewerMayNotAct()
} finally {
  await browser.close()
  await stories.stop()
}
print(
  `${checks.failed === 0 ? 'all stories hold' : `${checks.failed} failed`}, ${Math.round((Date.now() - began) / 1000)} s`,
)
process.exitCode = checks.failed === 0 ? 0 : 1
