/** Runs the TikTok simulator for the demo, for tests and for development. */
import type { AddressInfo } from 'node:net'
import { loadConfig } from '../../runtime/config.ts'
import { environment } from '../../runtime/process/environment.ts'
import { main } from '../../runtime/process/lifecycle.ts'
import { simulatorFields } from './config.ts'
import { createSimulator } from './server.ts'

main('simulator', async (lifecycle, log) => {
  const config = loadConfig(simulatorFields, environment())
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
})
