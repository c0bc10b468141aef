/**
 * The image's health check: ends with 0 if the process answers `/readyz` with 200. It starts every few seconds, so it loads nothing
 * but Node's own HTTP client.
 */
import { readFileSync } from 'node:fs'
import { get } from 'node:http'

/** Where each process answers; a stage at its metrics port. */
const portOf = {
  control: process.env.CONSOLE_PORT,
  console: process.env.CONSOLE_PORT,
  simulator: process.env.SIMULATOR_PORT,
}

/** The container's first process names what runs: `node /app/signals.js run gateway`. */
const running = readFileSync('/proc/1/cmdline', 'utf8').split('\0').filter(Boolean).at(-1) ?? ''
const port = portOf[running] ?? process.env.METRICS_PORT
const end = (code) => process.exit(code)
get({ host: '127.0.0.1', port, path: '/readyz', timeout: 2_000 }, ({ statusCode }) => end(statusCode === 200 ? 0 : 1))
  .on('timeout', () => end(1))
  .on('error', () => end(1))
