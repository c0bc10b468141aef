/** Sums of decimals without floats. */

const scale = 6

/** @param value as of `ReportedOutcome` */
export const microsOf = (value: string): bigint => {
  const [whole = '0', decimals = ''] = value.split('.', 2)
  return BigInt(`${whole}${decimals.padEnd(scale, '0')}`)
}

/** Without zeros at the end. */
export const decimalOfMicros = (micros: bigint): string => {
  const digits = micros.toString().padStart(scale + 1, '0')
  let end = digits.length
  while (end > digits.length - scale && digits[end - 1] === '0') end--
  const whole = digits.slice(0, digits.length - scale)
  return end === digits.length - scale ? whole : `${whole}.${digits.slice(digits.length - scale, end)}`
}
