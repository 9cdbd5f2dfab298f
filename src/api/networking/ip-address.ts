import { isIP } from 'node:net'
import type { DeepReadonly } from '../../machinery/object.ts'
import { define } from '../define.ts'
import { ageColumn, nameColumn, text } from '../printing.ts'
import type { IPAddress } from '../types/networking/v1.ts'
import { ipAddresses, serviceCIDRs } from '../types/resources.ts'

function parentText({ spec }: DeepReadonly<IPAddress>): string {
  if (!spec?.parentRef) return '<none>'
  const { group, resource, namespace, name } = spec.parentRef
  const what = (group ? `${resource}.${group}` : (resource ?? '')).toLowerCase()
  return [what, ...(namespace ? [namespace] : []), name].join('/')
}

export const ipAddress = define(ipAddresses, {
  validateName: (name) => (isIP(name) === 0 ? ['must be a valid IP address, (e.g. 10.9.8.7 or 2001:db8::ffff)'] : []),
  columns: [nameColumn, text<IPAddress>('ParentRef', parentText)],
})

export const serviceCIDR = define(serviceCIDRs, {
  columns: [nameColumn, text('CIDRs', (object) => (object.spec?.cidrs ?? []).join(',')), ageColumn],
})
