/** Stories in which a person chooses what is shown: a time on a chart, what a shadow list hits. */
import type { Page } from 'playwright-core'
import type { Stories } from './pipeline.ts'
import { checks, goTo, mainText, until } from './story.ts'

const timeIn = (page: Page) => {
  const { searchParams } = new URL(page.url())
  return Number(searchParams.get('to')) - Number(searchParams.get('from'))
}
const whole = 15 * 60_000
const isBrushed = (page: Page) => async () => {
  const text = await mainText(page)
  return timeIn(page) > 0 && timeIn(page) < whole && /From \d+ \w+ \d+, /.test(text) && !text.includes('Drag over')
}
const isReset = (page: Page) => async () => timeIn(page) === 0 && (await mainText(page)).includes('Drag over')

export const timeBrushed = async (page: Page): Promise<void> => {
  await goTo(page, 'Overview')
  const chart = page.locator('.chart').first()
  await chart.scrollIntoViewIfNeeded()
  const { x, y, width, height } = await page
    .locator('.u-over')
    .first()
    .boundingBox()
    .then((box) => box ?? Promise.reject(new Error('there is no chart')))
  await page.mouse.move(x + width * 0.3, y + height / 2)
  await page.mouse.down()
  await page.mouse.move(x + width * 0.7, y + height / 2, { steps: 8 })
  await page.mouse.up()
  await until('a time is brushed with the mouse, and the address carries it', isBrushed(page))
  const link = page.url()
  await page.reload()
  await until('the link leads to that time', async () => page.url() === link && (await isBrushed(page)()))
  await until('and the charts are drawn', async () => (await page.locator('.u-over').count()) === 2)
  await page.getByRole('button', { name: /^Reset/ }).click()
  await until('it is reset', isReset(page))
  await chart.focus()
  await page.keyboard.press('ArrowLeft')
  for (let n = 0; n < 8; n++) await page.keyboard.press('Shift+ArrowLeft')
  await until('by keyboard the selection is said', async () =>
    /From .* to .*: Enter shows it/.test((await page.locator('.brush').first().textContent()) ?? ''),
  )
  await page.keyboard.press('Enter')
  await until('and shown with Enter', isBrushed(page))
  await page.goBack()
  await until('the way back in the browser undoes it', async () => page.url() !== link && (await isReset(page)()))
}

/** A version of the list that flags `¿cuánto cuesta?` is a shadow beside the active one, which flags it, too. */
export const shadowCounted = async (page: Page, stories: Stories, person: string): Promise<void> => {
  // The keywords stage takes a version over within five seconds.
  await new Promise((resolve) => setTimeout(resolve, 5_000))
  await stories.say(person, '¿cuánto cuesta?')
  const cells = page.getByRole('table', { name: 'Hits by flag' }).getByRole('row', { name: /^asked_price/ })
  await until(
    'what the shadow hits shows against the active version',
    async () => {
      const [, active, shadow, difference] = await cells.getByRole('cell').allTextContents()
      return (
        shadow === '1' && difference === String(1 - Number(active)) && (await page.locator('.u-over').count()) === 1
      )
    },
    30_000,
  )
  checks.check('and no text of it', !(await mainText(page)).includes('cuesta?'))
}
