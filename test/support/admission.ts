import { builtInResources } from '../../src/api/all.ts'
import type { ResourceRef } from '../../src/api/resource-ref.ts'
import type { AdmissionAttributes, AdmissionPlugin } from '../../src/apiserver/admission/admission.ts'
import { admissionChain } from '../../src/apiserver/admission/chain.ts'
import type { KubeObject } from '../../src/machinery/object.ts'
import { StatusError } from '../../src/machinery/status.ts'

/** A write of `ref` in the namespace `shop` by alice, as admission plugins are told of it: a creation unless given. */
export function write(
  ref: ResourceRef,
  given: Partial<AdmissionAttributes> & { object?: KubeObject },
): AdmissionAttributes {
  const definition = builtInResources.find(({ plural, group }) => plural === ref.plural && group === ref.group)!
  return {
    operation: 'CREATE',
    definition,
    subresource: '',
    namespace: ref.namespaced ? 'shop' : '',
    name: given.object?.metadata?.name ?? '',
    object: undefined,
    oldObject: undefined,
    options: {},
    dryRun: false,
    user: { name: 'alice', groups: [], extra: {} },
    warn: () => {},
    annotate: () => {},
    signal: new AbortController().signal,
    ...given,
  }
}

/** Why one plugin alone refuses a write; undefined when it does not. */
export async function refusal(plugin: AdmissionPlugin, attributes: AdmissionAttributes): Promise<string | undefined> {
  const chain = admissionChain([plugin])
  try {
    await chain.mutate(attributes)
    await chain.validate(attributes)
    return undefined
  } catch (error) {
    if (!(error instanceof StatusError)) throw error
    return error.message
  }
}
