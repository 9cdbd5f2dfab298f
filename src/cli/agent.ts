import { runAgent } from '../cluster/agent.ts'
import { readAgentConfig } from '../cluster/agent-config.ts'
import { systemClock } from '../platform/clock.ts'
import { returningIdleMemory } from '../platform/idle-memory.ts'
import { createLogger } from '../platform/log.ts'
import { untilInterrupted } from './interrupt.ts'

/** `kubets agent`: one node, until it is told to end. Pods go on running. */
export async function agent({ config: file }: { readonly config: string }): Promise<void> {
  const config = readAgentConfig(file)
  const log = createLogger({ level: config.logLevel }).child({ node: config.nodeName })
  await returningIdleMemory(systemClock, () => runAgent({ config, clock: systemClock, log }, untilInterrupted()))
  // Pods and rules need nobody: whatever still holds the process (a name being asked outside, a log followed) may go.
  process.exit()
}
