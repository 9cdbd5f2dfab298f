import { builtInResources } from '../../api/all.ts'
import type { GroupResource } from './configuration.ts'

const root = '/registry/'

/**
 * Which resource lies under a key: `/registry/secrets/…`, `/registry/services/specs/…`, and with the group in front
 * where it has a dot. Undefined for what is no resource's, such as `/registry/ranges/…`.
 */
export function createResourceOfKey(): (key: string) => GroupResource | undefined {
  const byPrefix = new Map<string, GroupResource>()
  for (const { storagePrefix, group, plural } of builtInResources) {
    // Of two groups that share their objects it is the older one: events.
    if (!byPrefix.has(storagePrefix) || group === '') byPrefix.set(storagePrefix, { group, resource: plural })
  }
  return (key) => {
    if (!key.startsWith(root)) return undefined
    const [first = '', second = ''] = key.slice(root.length).split('/', 2)
    const known = byPrefix.get(first) ?? byPrefix.get(`${first}/${second}`)
    return known ?? (first.includes('.') ? { group: first, resource: second } : undefined)
  }
}
