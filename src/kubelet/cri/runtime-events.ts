import type { Clock } from '../../platform/clock.ts'
import type { Logger } from '../../platform/log.ts'
import { containerdEvents, exitedContainer } from '../containerd/events.ts'
import type { Cri } from './cri.ts'
import { isUnimplemented } from './grpc-client.ts'

export interface RuntimeEventsOptions {
  readonly cri: Cri
  readonly clock: Clock
  readonly log: Logger
  /** The main process of this container or sandbox has ended. */
  readonly exited: (id: string) => void
  /** Events may have been missed: look at everything. */
  readonly relist: () => void
}

type Source = (options: RuntimeEventsOptions, signal: AbortSignal) => Promise<void>

const reconnectAfterMs = 100
const relistEveryMs = 1_000

/**
 * Tells of containers that end, until `signal` aborts, by the best means the runtime has: the events of the CRI
 * (containerd 1.7 and later), those of containerd itself, or a look every second.
 */
export async function watchRuntime(options: RuntimeEventsOptions, signal: AbortSignal): Promise<void> {
  const sources: Source[] = [criEvents, containerdTaskEvents, relistRegularly]
  for (let index = 0; !signal.aborted; ) {
    options.relist()
    try {
      await sources[index]!(options, signal)
    } catch (error) {
      if (isUnimplemented(error) && index < sources.length - 1) {
        index += 1
        continue
      }
      if (!signal.aborted) options.log.debug('runtime event stream broke, opening it again', { error })
    }
    await options.clock.sleep(reconnectAfterMs, signal)
  }
}

const criEvents: Source = async ({ cri, exited }, signal) => {
  for await (const event of cri.runtime.getContainerEvents({}, { signal })) {
    if (event.containerEventType === 'CONTAINER_STOPPED_EVENT') exited(event.containerId)
  }
}

const containerdTaskEvents: Source = async ({ cri, exited }, signal) => {
  const filters = ['namespace=="k8s.io",topic=="/tasks/exit"']
  for await (const { event } of containerdEvents(cri.connection).subscribe({ filters }, { signal })) {
    const id = event ? exitedContainer(event.value) : undefined
    if (id) exited(id)
  }
}

const relistRegularly: Source = async ({ clock, relist }, signal) => {
  while (!signal.aborted) {
    await clock.sleep(relistEveryMs, signal)
    relist()
  }
}
