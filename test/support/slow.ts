/** `make slow` runs what `make test` leaves out for its time: the second client where the first one is shown. */
export const isSlowRun = process.env.SLOW_TESTS === '1'
