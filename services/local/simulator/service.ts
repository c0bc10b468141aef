/** Runs the TikTok simulator for the demo, for tests and for development. */
import type { AddressInfo } from 'node:net'
import { loadConfig } from '../../runtime/config.ts'
import type { Service } from '../../runtime/process/lifecycle.ts'
import { simulatorFields } from './config.ts'
import { createSimulator } from './server.ts'

const run: Service['run'] = async (lifecycle, log, env) => {
  const config = loadConfig(simulatorFields, env)
  const { server } = createSimulator({ keep: config.SIMULATOR_KEEP })
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject)
    server.listen(config.SIMULATOR_PORT, config.SIMULATOR_BIND_ADDRESS, resolve)
  })
  lifecycle.onStop('server', () => {
    server.closeAllConnections()
    server.close()
  })
  log.info({ address: `http://127.0.0.1:${(server.address() as AddressInfo).port}` }, 'running')
}

export const simulatorService: Service = { name: 'simulator', run }
