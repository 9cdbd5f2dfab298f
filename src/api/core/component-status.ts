import type { DeepReadonly } from '../../machinery/object.ts'
import { define } from '../define.ts'
import { nameColumn, text } from '../printing.ts'
import type { ComponentStatus } from '../types/core/v1.ts'
import { bindings, componentStatuses } from '../types/resources.ts'

const healthOf = ({ conditions }: DeepReadonly<ComponentStatus>) => conditions?.find(({ type }) => type === 'Healthy')

function statusText(object: DeepReadonly<ComponentStatus>): string {
  const health = healthOf(object)
  if (!health) return 'Unknown'
  return health.status === 'True' ? 'Healthy' : 'Unhealthy'
}

export const componentStatus = define(componentStatuses, {
  deprecation: 'v1 ComponentStatus is deprecated in v1.19+',
  columns: [
    nameColumn,
    text('Status', statusText),
    text('Message', (object) => healthOf(object)?.message ?? ''),
    text('Error', (object) => healthOf(object)?.error ?? ''),
  ],
})

/** Never stored: creating one binds a Pod to a node. */
export const binding = define(bindings)
