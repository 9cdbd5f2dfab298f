import type { ResourceRef } from '../../../api/resource-ref.ts'
import type { ParamKind, ParamRef } from '../../../api/types/admissionregistration/v1.ts'
import type { LabelSelector } from '../../../api/types/meta/v1.ts'
import { type DeepReadonly, type KubeObject, parseApiVersion } from '../../../machinery/object.ts'
import { labelSelectorMatcher } from '../../../machinery/selectors.ts'
import type { Held } from '../../object-reader.ts'
import type { MatchServices } from '../webhook/match-request.ts'

/** What is wrong with a policy or a binding, told to whoever's request they concern. */
export class ConfigurationError extends Error {}

/** The resource that a policy's parameters are of. Throws a ConfigurationError when there is no such kind. */
export function paramResource({ apiVersion = '', kind = '' }: ParamKind, { registry }: MatchServices): ResourceRef {
  const { group, version } = parseApiVersion(apiVersion)
  const definition = registry.lookupKind(group, version, kind)
  if (!definition) {
    const name = `${group}/${version}, Kind=${kind}`
    throw new ConfigurationError(`failed to find resource referenced by paramKind: '${name}'`)
  }
  return definition
}

/**
 * The parameters with which a binding applies its policy: one evaluation for each. `undefined` among them means without
 * parameters. Throws a ConfigurationError. After policy/generic CollectParams v1.36.
 */
export async function collectParams(
  resource: ResourceRef | undefined,
  paramRef: DeepReadonly<ParamRef> | undefined,
  requestNamespace: string,
  { reader }: MatchServices,
): Promise<readonly (Held<KubeObject> | undefined)[]> {
  if (!resource || !paramRef) return [undefined]
  const { name, selector, parameterNotFoundAction } = paramRef
  const namespace = paramNamespace(resource, paramRef, requestNamespace)
  await reader.convert(resource, namespace)
  const found = name ? [reader.get(resource, name, namespace)] : matching(reader.list(resource, namespace), selector)
  const params = found.filter((param) => param !== undefined)
  if (params.length === 0 && parameterNotFoundAction === 'Deny') {
    throw new ConfigurationError('no params found for policy binding with `Deny` parameterNotFoundAction')
  }
  return params
}

/** The namespace of the request, where the binding names none. */
function paramNamespace({ namespaced }: ResourceRef, { namespace }: DeepReadonly<ParamRef>, requestNamespace: string) {
  if (!namespaced) {
    if (!namespace) return undefined
    throw new ConfigurationError('paramRef.namespace must not be provided for a cluster-scoped `paramKind`')
  }
  const chosen = namespace || requestNamespace
  if (chosen !== '') return chosen
  throw new ConfigurationError('cannot use namespaced paramRef in policy binding that matches cluster-scoped resources')
}

function matching(
  objects: readonly Held<KubeObject>[],
  selector: DeepReadonly<LabelSelector> = {},
): readonly Held<KubeObject>[] {
  const matches = labelSelectorMatcher(selector as DeepReadonly<Required<LabelSelector>>)
  return objects.filter(({ metadata }) => matches(metadata.labels))
}
