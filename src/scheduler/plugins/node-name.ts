import { type Plugin, unresolvable } from '../framework.ts'

/** A Pod that names its node goes there or nowhere. */
export const nodeName: Plugin = {
  name: 'NodeName',
  prepare(pod) {
    const wanted = pod.spec?.nodeName
    if (!wanted) return undefined
    const rejection = unresolvable("node(s) didn't match the requested node name")
    return { filter: (node) => (node.name === wanted ? undefined : rejection) }
  },
}
