/** Error message of both clients for a committed offset outside of the log. */
export const outOfRange = (
  group: string,
  { topic, partition }: { readonly topic: string; readonly partition: number },
  offset: bigint,
  low: bigint | undefined,
  high: bigint | undefined,
): string =>
  `group ${group} has committed offset ${offset} of ${topic}/${partition}, outside of the log (${low} to ${high}): retention ` +
  'has removed records that were never processed, or the topic was made again. Nothing is skipped silently: stop the ' +
  `group and set its offset, kafka-consumer-groups --group ${group} --topic ${topic}:${partition} --reset-offsets ` +
  '--to-earliest --execute'
