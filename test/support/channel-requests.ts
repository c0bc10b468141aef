/** One message by each channel except WhatsApp and TikTok, signed as the channel signs. */
import { createHash, createHmac } from 'node:crypto'
import type { Request } from '../../services/local/demo/webhooks.ts'
import { line, lineMessage, meta, metaItem, telegram, telegramMessage, zalo } from './channel-bodies.ts'

const secretOf = (source: string) => `${source} secret`

export const channelAccounts = [
  ['messenger', 'page'],
  ['instagram', 'page'],
  ['line', 'Ubot'],
  ['telegram', 'shop-bot'],
  ['zalo', 'oa'],
] as const

export const channelSecrets: Record<string, string> = {
  ...Object.fromEntries(
    channelAccounts.map(([source]) => [`${source.toUpperCase()}_WEBHOOK_SECRET`, secretOf(source)]),
  ),
  ZALO_APP_ID: '11',
}

const hmac = (source: string, body: string, encoding: 'hex' | 'base64') =>
  createHmac('sha256', secretOf(source)).update(body).digest(encoding)

const request = (path: string, content: object, prove: (body: string) => Record<string, string>): Request => {
  const body = JSON.stringify(content)
  return { path: `/webhooks/${path}`, headers: { 'content-type': 'application/json', ...prove(body) }, body }
}

/** @param at ms */
export const channelMessages = (text: string, at: number): Request[] => {
  const byMeta = (source: 'messenger' | 'instagram', object: 'page' | 'instagram') =>
    request(source, meta(object, [metaItem({ timestamp: at, message: { mid: `m_${source}`, text } })]), (body) => ({
      'x-hub-signature-256': `sha256=${hmac(source, body, 'hex')}`,
    }))
  const digest = (body: string) =>
    createHash('sha256')
      .update(`11${body}${at}${secretOf('zalo')}`)
      .digest('hex')
  return [
    byMeta('messenger', 'page'),
    byMeta('instagram', 'instagram'),
    request('line', line(lineMessage({ text }, { timestamp: at })), (body) => ({
      'x-line-signature': hmac('line', body, 'base64'),
    })),
    request('telegram/shop-bot', telegram({ message: telegramMessage({ text, date: Math.floor(at / 1000) }) }), () => ({
      'x-telegram-bot-api-secret-token': secretOf('telegram'),
    })),
    request('zalo', zalo('user_send_text', { msg_id: 'z-e2e', text }, { timestamp: String(at) }), (body) => ({
      'x-zevent-signature': `mac=${digest(body)}`,
    })),
  ]
}
