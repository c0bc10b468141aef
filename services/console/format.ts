/** Figures as people read them. */
const none = '–'

/** 90 → `90 s`; null → `–` */
export const spanText = (seconds: number | null | undefined): string => {
  if (seconds === null || seconds === undefined) return none
  if (seconds < 1) return `${Math.round(seconds * 1000)} ms`
  if (seconds < 120) return `${seconds < 10 ? seconds.toFixed(1) : Math.round(seconds)} s`
  if (seconds < 7_200) return `${Math.round(seconds / 60)} min`
  return seconds < 172_800 ? `${(seconds / 3_600).toFixed(1)} h` : `${Math.round(seconds / 86_400)} days`
}

export const countText = (value: number | null | undefined): string =>
  value === null || value === undefined ? none : Math.round(value).toLocaleString('en')

export const rateText = (perSecond: number | null | undefined): string => {
  if (perSecond === null || perSecond === undefined) return none
  return `${perSecond === 0 || perSecond >= 10 ? countText(perSecond) : perSecond.toFixed(1)}/s`
}

export const shareText = (share: number | null | undefined): string => {
  if (share === null || share === undefined) return none
  return share > 0 && share < 0.001 ? '< 0.1 %' : `${Number((share * 100).toFixed(1))} %`
}

export const sizeText = (bytes: number): string =>
  bytes >= 2 ** 30 ? `${(bytes / 2 ** 30).toFixed(1)} GiB` : `${(bytes / 2 ** 20).toFixed(1)} MiB`

/** A backlog's growth. */
export const trendText = (perSecond: number | null, messages: number | null): string => {
  if (perSecond === null) return none
  if (Math.abs(perSecond) < 0.5) return messages ? 'steady' : 'idle'
  return `${perSecond > 0 ? 'grows' : 'shrinks'} ${rateText(Math.abs(perSecond))}`
}

/** In the browser's time zone. @param at ms */
export const momentText = (at: number): string =>
  new Date(at).toLocaleString('en-GB', { dateStyle: 'medium', timeStyle: 'medium' })

/** @param at ms; @param now ms */
export const agoText = (at: number, now: number): string =>
  `${spanText(Math.max(0, Math.round((now - at) / 1000)))} ago`
