/** The widest alphabet of a tracking ID (contracts, section 9). */
export const widestAlphabet = /^[A-Za-z0-9._~:=+/-]{1,2083}$/

/**
 * Whether a touch's id may be reported: within the widest alphabet. Touches are kept for weeks and come back from a topic, so one may be from
 * before these alphabets, or from another writer.
 */
export const isReportable = (trackingId: string): boolean => widestAlphabet.test(trackingId)
