/** Hashes personal fields as TikTok documents: SHA-256 in lower-case hex over a normalised form. */
import { hash } from 'node:crypto'

export const hashWays = ['none', 'sha256', 'email', 'phone'] as const
export type HashWay = (typeof hashWays)[number]

/** E.164: a plus sign, no leading zero, 15 digits at most. */
const e164 = /^\+[1-9]\d{6,14}$/
const phone = (value: string) => value.replace(/[\s().-]/g, '')

/** null: the value can be hashed this way. The text never contains the value. */
export const hashProblem = (value: string, way: HashWay): string | null => {
  switch (way) {
    case 'email':
      return /^[^@\s]+@[^@\s]+$/.test(value.trim()) ? null : 'must be an e-mail address'
    case 'phone':
      return e164.test(phone(value)) ? null : 'must be a phone number with country code, such as +49…'
    default:
      return value === '' ? 'must not be empty' : null
  }
}

const digest = (value: string) => hash('sha256', value, 'hex')

export const hashed = (value: string, way: HashWay): string => {
  switch (way) {
    case 'none':
      return value
    case 'sha256':
      return digest(value)
    case 'email':
      return digest(value.trim().toLowerCase())
    case 'phone':
      return digest(phone(value))
  }
}
