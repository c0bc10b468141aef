/** Stories in which a person acts: a list is imported, promoted and rolled back, a replay stopped and resumed, dead letters redriven, a token renewed. */
import type { Page } from 'playwright-core'
import { cornerShop, type Stories } from './pipeline.ts'
import { agreeTo, checks, goTo, mainText, until } from './story.ts'
import { shadowCounted } from './views.ts'

const inMemory = (name: string, text: string) => ({ name, mimeType: 'text/csv', buffer: Buffer.from(text) })

/** @param person who writes to the shop meanwhile */
export const listImportedPromotedAndRolledBack = async (
  page: Page,
  stories: Stories,
  person: string,
): Promise<void> => {
  await goTo(page, 'Keyword lists')
  const rowOf = (version: number) => page.getByRole('row', { name: new RegExp(`^default ${version} `) })
  const isActive = (version: number) => async () => (await rowOf(version).getByText('active').count()) > 0
  const importFile = (text: string) =>
    page.getByLabel('File', { exact: true }).setInputFiles(inMemory('list.csv', text))
  await importFile('keyword,flag\ncuánto cuesta,asked_price\n,asked_nothing\n')
  await page.getByRole('button', { name: 'Dry run' }).click()
  await until('a list with a problem is refused, by its line', async () => /line 3.*keyword/.test(await mainText(page)))
  await importFile('keyword,flag\ncuánto cuesta,asked_price\nzapato*,asked_shoes\nbusco zapatos,asked_shoes\n')
  await page.getByRole('button', { name: 'Dry run' }).click()
  await until('a warning names its line, and the difference is shown', async () => {
    const text = await mainText(page)
    return text.includes('"zapato*" (line 3)') && text.includes('busco zapatos → asked_shoes')
  })
  await agreeTo(page, 'Import')
  await until('the import is a shadow', async () => (await rowOf(2).getByText('shadow').count()) > 0)
  await shadowCounted(page, stories, person)
  await agreeTo(page, 'Promote', rowOf(2))
  await until('the shadow is promoted, as version 3', isActive(3))
  await agreeTo(page, 'Roll back', rowOf(1))
  await until('the list is rolled back, as version 4', isActive(4))
  await page.getByRole('button', { name: 'default 3', exact: true }).click()
  await page.getByLabel('Text, of which nothing is kept').fill('¿cuánto cuesta el envío?')
  await page.getByRole('button', { name: 'Try', exact: true }).click()
  await until('a text is tried against the active version', async () =>
    (await mainText(page)).includes('Version 4 raises asked_price.'),
  )
  const messages = '"busco zapatos"\n"¿cuánto cuesta?"\n"hola"\n'
  await page.getByLabel('Messages, a line each').setInputFiles(inMemory('sample.ndjson', messages))
  await until('a version is evaluated on a file', async () =>
    (await mainText(page)).includes('2 of 3 messages would give a keyword signal'),
  )
  await agreeTo(page, 'Roll back', rowOf(3))
  await until('and back again, as version 5', isActive(5))
}

/** @param messages that the present list flags, and that none flagged when they came */
export const replayStoppedAndResumed = async (page: Page, messages: number): Promise<void> => {
  await goTo(page, 'Replays')
  await page.getByLabel('Signals a second, at most').fill('1')
  await page.getByRole('button', { name: 'Dry run' }).click()
  await until(
    'a dry run says what is new against what was reported',
    async () => new RegExp(`${messages} new, \\d+ reported before`).test(await mainText(page)),
    40_000,
  )
  await agreeTo(page, /^Send/)
  await until('the run shows how far it is', async () => /sending \d/.test(await mainText(page)), 40_000)
  await page.getByRole('button', { name: 'Stop' }).click()
  const runs = page.getByRole('table', { name: 'Replays' })
  await until('it is stopped', async () => (await runs.getByText(/stopped$/).count()) > 0, 30_000)
  await agreeTo(page, 'Resume', runs)
  await until('it is resumed, and done', async () => (await runs.getByText(/done$/).count()) > 0, 90_000)
  await page.getByRole('button', { name: 'Dry run' }).click()
  await until(
    'where nothing is new, the page says why',
    async () => (await mainText(page)).includes('Nothing new is raised'),
    40_000,
  )
}

const inbox = (n: number) =>
  JSON.stringify({ shop: 'corner', items: [{ id: `m${n}`, room: `r${n}`, at: Date.now() - 60_000, words: 'hola' }] })

export const deadLettersRedriven = async (page: Page, stories: Stories): Promise<void> => {
  const each = Array.from({ length: 15 }, (_, n) => n)
  await stories.write(each.map(() => '{"source":"whatsapp","text":"palabra secreta"}'))
  await stories.write(each.map(inbox), { source: cornerShop, 'content-type': 'application/json' })
  await goTo(page, 'Dead letters')
  const causes = page.getByRole('table', { name: 'Causes of dead letters' })
  const rowOf = (code: string) => causes.getByRole('row', { name: new RegExp(`^ingest ${code} `) })
  const cells = async (code: string) => rowOf(code).getByRole('cell').allTextContents()
  await until(
    // One of them was there before.
    '30 dead letters show by two causes, without their texts',
    async () =>
      (await cells('event_invalid'))[1] === '16' &&
      (await cells('source_unknown'))[1] === '15' &&
      !(await mainText(page)).includes('secreta'),
  )
  const choose = (code: string) => rowOf(code).getByRole('button').click()
  const dryRun = () => page.getByRole('button', { name: 'Dry run' }).click()
  await choose('event_invalid')
  await dryRun()
  await until('a redrive that would fail is said to, and is not offered', async () => {
    const offered = await page.getByRole('button', { name: /^Put \d+ back/ }).count()
    return (await mainText(page)).includes('16 would fail again: event_invalid') && offered === 0
  })
  await page.getByLabel('also those that will fail again').check()
  await dryRun()
  await page.getByRole('button', { name: 'Put 16 back' }).waitFor()
  checks.check('it is offered with force', true, '')
  await agreeTo(page, 'Discard')
  await until('what cannot be helped is discarded', async () => {
    const row = await cells('event_invalid')
    return row[1] === '0' && row[5] === '16'
  })
  await choose('source_unknown')
  stories.installMapping()
  await until('once the mapping is there, a dry run says that all pass', async () => {
    await dryRun()
    await page.getByRole('button', { name: 'Put 15 back' }).waitFor({ timeout: 1_000 })
    return (await mainText(page)).includes('15 would pass on the present mappings')
  })
  // Ingest reads mappings every few seconds.
  await new Promise((resolve) => setTimeout(resolve, 5_000))
  await agreeTo(page, 'Put 15 back')
  await until(
    'they are put back, and resolved once ingest has processed them',
    async () => (await cells('source_unknown'))[3] === '15',
    40_000,
  )
  checks.check(
    'none failed again',
    (await cells('source_unknown'))[4] === '0',
    (await cells('source_unknown')).join(' '),
  )
}

/** @param person who writes to the shop meanwhile */
export const throttledHealedAndSentAtOnce = async (page: Page, stories: Stories, person: string): Promise<void> => {
  await stories.fault({ code: 40133 })
  await stories.say(person, '¿cuánto cuesta?')
  await page.goto(`${stories.ready.console}/connections/shop`)
  // The report of a day is read once a minute.
  const waiting = async () => {
    await page.reload()
    const cell = page.getByRole('table', { name: 'Per day' }).locator('tbody td[data-title=waiting]').first()
    return Number(await cell.textContent())
  }
  await until('what TikTok throttles is said to wait', async () => (await waiting()) === 2, 20_000)
  // After the second refusal it would wait a minute.
  await new Promise((resolve) => setTimeout(resolve, 13_000))
  await stories.heal()
  await agreeTo(page, 'Send what waits now')
  await until('once healed, it is sent at once', async () => (await waiting()) === 0, 20_000)
}

/** On the page of the shop, without its token and without a count. */
export const testEventSent = async (page: Page): Promise<void> => {
  await page.getByLabel(/^Code that TikTok/).fill('TEST1')
  await page.getByRole('button', { name: 'Send a test event' }).click()
  await until('a test event is sent, and TikTok’s answer shows', async () =>
    (await mainText(page)).includes('TikTok answered 0 (accepted)'),
  )
  await agreeTo(page, 'Send all its events as tests')
  await until('all its events are tests', async () =>
    (await mainText(page)).includes('All its events are tests with code TEST1'),
  )
  await agreeTo(page, 'Let its events count again')
  await until('and count again', async () => !(await mainText(page)).includes('All its events are tests'))
}

/** @param person who writes to the shop meanwhile */
export const tokenLostAndReconnected = async (page: Page, stories: Stories, person: string): Promise<void> => {
  await stories.fault({ token: 'token-of-shop', code: 40105 })
  await stories.say(person, '¿cuánto cuesta?')
  await page.goto(`${stories.ready.console}/connections/shop`)
  await until('a token that TikTok refuses shows', async () => (await page.getByText('needs a new token').count()) > 0)
  await agreeTo(page, 'Reconnect')
  const address = await page.locator('[role=status] code').first().textContent()
  await stories.agree(address ?? '')
  await until(
    'after the advertiser has agreed it is active',
    async () => (await page.locator('.state').first().textContent())?.endsWith('active') ?? false,
  )
  await stories.heal()
}
