import type { PodObject } from '../pod-object.ts'

/** The gates that keep a Pod out of the queue, as the condition's message names them; `undefined`: none. */
export function waitingForGates(pod: PodObject): string | undefined {
  const gates = pod.spec?.schedulingGates ?? []
  if (gates.length === 0) return undefined
  return `waiting for scheduling gates: [${gates.map(({ name }) => name).join(' ')}]`
}
