/** HTML answers: each page names in its policy the one script and style that it holds, and nothing else runs. */
import { createHash } from 'node:crypto'
import { type ControlAnswer, escaped } from './answer.ts'

const hashOf = (text: string) => `'sha256-${createHash('sha256').update(text).digest('base64')}'`

const hashesIn = (html: string, tag: 'script' | 'style') =>
  Array.from(html.matchAll(new RegExp(`<${tag}>([\\s\\S]*?)</${tag}>`, 'g')), ([, text = '']) => hashOf(text)).join(' ')

/** @param formTargets where forms may lead; none by default */
export const policyOf = (html: string, formTargets = "'none'"): string => {
  const [script, style] = [hashesIn(html, 'script'), hashesIn(html, 'style')]
  return [
    "default-src 'none'",
    ...(script === '' ? [] : [`script-src ${script}`, "connect-src 'self'"]),
    ...(style === '' ? [] : [`style-src ${style}`]),
    "base-uri 'none'",
    `form-action ${formTargets}`,
    "frame-ancestors 'none'",
  ].join('; ')
}

/** `same-origin`: with no referrer at all, browsers hide a form's origin from us too. */
export const html = (
  status: number,
  body: string,
  policy = policyOf(body),
  headers: ControlAnswer['headers'] = {},
): ControlAnswer => ({
  status,
  type: 'text/html; charset=utf-8',
  body,
  headers: { 'content-security-policy': policy, 'referrer-policy': 'same-origin', ...headers },
})

const style =
  ':root{color-scheme:light dark;font:16px/1.5 system-ui,sans-serif}body{max-width:34rem;margin:4rem auto;padding:0 1rem}' +
  'h1{font-size:1.2rem}input,button,a.button{font:inherit;padding:.4rem .8rem}input{width:100%;box-sizing:border-box;margin:.3rem 0 1rem}'

/** @param content HTML */
const document = (title: string, content: string, head = '') =>
  `<!doctype html>\n<html lang="en"><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">${head}<title>${title}</title>\n<style>${style}</style>\n${content}</html>\n`

/** A page with one sentence. */
export const sentencePage = (status: number, text: string): ControlAnswer =>
  html(status, document('Messaging Signals', `<p>${escaped(text)}</p>`))

/**
 * Leads on to the console. Not a redirect: after one that another site began, browsers withhold the session's cookie.
 * @param cookies to set
 */
export const loggedInPage = (cookies: readonly string[]): ControlAnswer => {
  const content = '<p>Logged in. <a href="/">To the console</a></p>'
  const body = document('Messaging Signals', content, '<meta http-equiv="refresh" content="0; url=/">')
  return html(200, body, policyOf(body), { 'set-cookie': cookies })
}

export const loginPage = (
  status: number,
  { problem, hasOidc }: { problem: string | null; hasOidc: boolean },
): ControlAnswer => {
  const body = document(
    'Log in: Messaging Signals',
    `<h1>Messaging Signals</h1>${problem === null ? '' : `<p role="alert">${escaped(problem)}</p>`}` +
      (hasOidc ? '<p><a class="button" href="/login/oidc">Log in with your organisation’s account</a></p>' : '') +
      '<form method="post" action="/login"><label>Token <input type="password" name="token" autocomplete="current-password" required autofocus></label><button>Log in</button></form>',
  )
  return html(status, body, policyOf(body, "'self'"))
}

/** @param origins of TikTok's pages, to which the form's answer leads */
export const beginPage = (
  { kind, connectionId, tenantId }: { kind: string; connectionId: string; tenantId: string },
  origins: readonly string[],
): ControlAnswer => {
  const asked =
    kind === 'account'
      ? 'to read the messages of your TikTok account'
      : 'to report events to your TikTok advertiser account'
  const body = document(
    'Messaging Signals',
    `<h1>Connect ${escaped(connectionId)}</h1><p>${escaped(tenantId)} asks ${asked}, for the connection <b>${escaped(connectionId)}</b>.</p>` +
      `<p>Go on only if you are ${escaped(tenantId)}, or it asked you to: what you allow at TikTok is given to it.</p>` +
      '<form method="post"><button>Go on to TikTok</button></form>',
  )
  return html(200, body, policyOf(body, ["'self'", ...origins].join(' ')))
}
