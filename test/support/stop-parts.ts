/** Jest's global tear-down: stops the parts of start-parts.ts. */
import { rmSync } from 'node:fs'
import type { Supervisor } from '../../services/local/supervisor/supervisor.ts'

export default async function stopParts(): Promise<void> {
  const { signalsParts } = globalThis as { signalsParts?: { supervisor: Supervisor; dataDir: string } }
  await signalsParts?.supervisor.stop()
  if (signalsParts) rmSync(signalsParts.dataDir, { recursive: true, force: true })
}
