import type { ConfigMap, EnvVar, Secret, Service } from '../../api/types/core/v1.ts'
import type { DeepReadonly } from '../../machinery/object.ts'
import { namespaceOf, type ReadonlyContainer, type ReadonlyPod } from '../pod/pod.ts'
import { resourceFieldValue } from './amounts.ts'
import { expand } from './expansion.ts'
import { fieldValue, type PodAddresses } from './field-ref.ts'
import { serviceEnvironment } from './service-environment.ts'

/** Objects that a Pod refers to. Undefined when there is none. */
export interface ReferencedObjects {
  configMap(namespace: string, name: string): Promise<DeepReadonly<ConfigMap> | undefined>
  secret(namespace: string, name: string): Promise<DeepReadonly<Secret> | undefined>
}

export interface EnvironmentView {
  readonly pod: ReadonlyPod
  readonly container: ReadonlyContainer
  readonly objects: ReferencedObjects
  /** All Services of the cluster. */
  readonly services: readonly DeepReadonly<Service>[]
  readonly addresses: PodAddresses
  readonly allocatable: Readonly<Record<string, string>>
}

/**
 * The variables of a container: Services, then `envFrom`, then `env`, later ones winning. Throws upstream's sentence
 * when something referred to is missing. After kubelet v1.36 kubelet_pods.go makeEnvironmentVariables.
 */
export async function containerEnvironment(view: EnvironmentView): Promise<Map<string, string>> {
  const services = serviceEnvironment(visibleServices(view))
  const declared = new Map<string, string>()
  for (const source of view.container.envFrom ?? []) {
    const { prefix = '' } = source
    for (const [key, value] of Object.entries(await envFromData(view, source))) declared.set(prefix + key, value)
  }
  for (const variable of view.container.env ?? []) {
    const value = await variableValue(view, variable, (name) => declared.get(name) ?? services.get(name))
    if (value !== undefined) declared.set(variable.name, value)
  }
  return new Map([...services, ...declared])
}

/** The Pod's namespace and the API server's own Service; only that one without service links. */
function visibleServices({ pod, services }: EnvironmentView): readonly DeepReadonly<Service>[] {
  const links = pod.spec?.enableServiceLinks !== false
  return services.filter(({ metadata }) => {
    if (metadata?.name === 'kubernetes' && metadata.namespace === 'default') return true
    return links && metadata?.namespace === namespaceOf(pod)
  })
}

async function envFromData(
  { pod, objects }: EnvironmentView,
  source: NonNullable<ReadonlyContainer['envFrom']>[number],
): Promise<Record<string, string>> {
  const namespace = namespaceOf(pod)
  const { configMapRef, secretRef } = source
  if (configMapRef) {
    const configMap = await objects.configMap(namespace, configMapRef.name ?? '')
    if (!configMap && !configMapRef.optional) throw new Error(`configmap "${configMapRef.name}" not found`)
    return { ...configMap?.data }
  }
  if (secretRef) {
    const secret = await objects.secret(namespace, secretRef.name ?? '')
    if (!secret && !secretRef.optional) throw new Error(`secret "${secretRef.name}" not found`)
    return decodeAll(secret?.data)
  }
  return {}
}

function decodeAll(data: Readonly<Record<string, string | null>> = {}): Record<string, string> {
  return Object.fromEntries(Object.entries(data).map(([key, value]) => [key, decode(value)]))
}

/** A null in a map of bytes is an empty value, as in Go. */
const decode = (base64: string | null) => Buffer.from(base64 ?? '', 'base64').toString('utf8')

/** Undefined: an optional source that is not there, so the variable is not set. */
async function variableValue(
  view: EnvironmentView,
  { value = '', valueFrom }: DeepReadonly<EnvVar>,
  lookUp: (name: string) => string | undefined,
): Promise<string | undefined> {
  if (!valueFrom) return expand(value, lookUp)
  const { pod, container, addresses, allocatable } = view
  if (valueFrom.fieldRef) return fieldValue(pod, valueFrom.fieldRef, addresses)
  if (valueFrom.resourceFieldRef) {
    return resourceFieldValue({ pod, selector: valueFrom.resourceFieldRef, container, allocatable })
  }
  if (valueFrom.configMapKeyRef) return configMapKey(view, valueFrom.configMapKeyRef)
  if (valueFrom.secretKeyRef) return secretKey(view, valueFrom.secretKeyRef)
  return undefined
}

interface KeyRef {
  readonly name?: string
  readonly key: string
  readonly optional?: boolean
}

async function configMapKey({ pod, objects }: EnvironmentView, ref: KeyRef): Promise<string | undefined> {
  const namespace = namespaceOf(pod)
  const configMap = await objects.configMap(namespace, ref.name ?? '')
  const value = configMap?.data?.[ref.key]
  if (value !== undefined || ref.optional) return value
  if (!configMap) throw new Error(`configmap "${ref.name}" not found`)
  throw new Error(`couldn't find key ${ref.key} in ConfigMap ${namespace}/${ref.name}`)
}

async function secretKey({ pod, objects }: EnvironmentView, ref: KeyRef): Promise<string | undefined> {
  const namespace = namespaceOf(pod)
  const secret = await objects.secret(namespace, ref.name ?? '')
  const value = secret?.data?.[ref.key]
  if (value !== undefined) return decode(value)
  if (ref.optional) return undefined
  if (!secret) throw new Error(`secret "${ref.name}" not found`)
  throw new Error(`couldn't find key ${ref.key} in Secret ${namespace}/${ref.name}`)
}
