/** What the stories have in common: the page, checks, and how a person goes on without a mouse. */
import type { Page } from 'playwright-core'
import { Checks } from '../scenarios/scenario.ts'

export const checks = new Checks()

export const until = async (what: string, holds: () => Promise<boolean>, ms = 15_000): Promise<void> => {
  const from = Date.now()
  for (const end = from + ms; Date.now() < end; await new Promise((resolve) => setTimeout(resolve, 100)))
    if (await holds().catch(() => false))
      return checks.check(what, true, `${((Date.now() - from) / 1000).toFixed(1)} s`)
  checks.check(what, false, `not within ${ms / 1000} s`)
}

/** Summary of the overview. */
export const summary = async (page: Page): Promise<string> =>
  (await page.locator('.summary strong').textContent({ timeout: 1_000 })) ?? ''
export const problems = (page: Page): Promise<string[]> => page.locator('.problem h3').allTextContents()
export const mainText = async (page: Page): Promise<string> => (await page.locator('main').textContent()) ?? ''

export const goTo = (page: Page, name: string): Promise<void> =>
  page.getByRole('navigation', { name: 'Pages', exact: true }).getByRole('link', { name, exact: true }).click()

/** Presses a button that asks, and agrees in its dialog. */
export const agreeTo = async (
  page: Page,
  name: string | RegExp,
  scope: Pick<Page, 'getByRole'> = page,
): Promise<void> => {
  await scope.getByRole('button', { name }).first().click()
  await page.getByRole('dialog').getByRole('button', { name }).click()
  await page.getByRole('dialog').waitFor({ state: 'hidden' })
}

/** Goes on with Tab until the named control has the focus, as a person without a mouse does. */
export const tabTo = async (page: Page, name: string): Promise<boolean> => {
  for (let n = 0; n < 60; n++) {
    await page.keyboard.press('Tab')
    if ((await page.evaluate('document.activeElement?.textContent?.trim() ?? ""')) === name) return true
  }
  return false
}
