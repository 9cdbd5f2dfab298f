import type { Container, Pod, ServiceAccount, Volume } from '../../api/types/core/v1.ts'
import { serviceAccounts } from '../../api/types/resources.ts'
import { namesSecrets } from '../authorization/pod-references.ts'
import type { Held, ObjectReader } from '../object-reader.ts'
import type { AdmissionAttributes, AdmissionPlugin } from './admission.ts'
import { limitsSecrets, unnamedEphemeralSecret, unnamedSecret } from './mountable-secrets.ts'
import { concerns, failure, refuse, unaskable } from './refuse.ts'

const mirrorAnnotation = 'kubernetes.io/config.mirror'
const tokenMountPath = '/var/run/secrets/kubernetes.io/serviceaccount'
const tokenVolumePrefix = 'kube-api-access-'

/** An hour and seven seconds: the lifetime by which upstream tells its own tokens from those that were asked for. */
const tokenExpirationSeconds = 3607

/** What the first of a new namespace's Pods waits for; its controller is most often faster. Upstream tries as often. */
const defaultName = 'default'
const defaultAttempts = 10
const leastWaitMs = 100

export interface ServiceAccountOptions {
  readonly reader: ObjectReader
  /** `base` and some random characters. */
  readonly generateName: (base: string) => string
  /** A whole number below `limit`. */
  readonly random: (limit: number) => number
  readonly sleep: (ms: number) => Promise<void>
}

/** Gives each Pod a service account, its token and its pull secrets. After plugin/pkg/admission/serviceaccount v1.36. */
export function serviceAccount(options: ServiceAccountOptions): AdmissionPlugin {
  return {
    name: 'ServiceAccount',
    handles: ['CREATE', 'UPDATE'],
    async mutate(attributes) {
      if (attributes.operation !== 'CREATE' || !concerns(attributes, '', 'pods')) return
      const pod = attributes.object as Pod
      if (isMirror(pod)) return
      const spec = pod.spec!
      spec.serviceAccountName ||= spec.serviceAccount || defaultName
      spec.serviceAccount = spec.serviceAccountName
      const account = await accountOf(attributes, options)
      if (wantsToken(pod, account)) mountToken(pod, options.generateName)
      if (!spec.imagePullSecrets?.length && account.imagePullSecrets?.length) {
        spec.imagePullSecrets = account.imagePullSecrets.map(({ name }) => ({ name: name ?? '' }))
      }
    },
    async validate(attributes) {
      const { definition, operation, subresource } = attributes
      if (definition.group !== '' || definition.plural !== 'pods') return
      if (operation === 'CREATE' && subresource === '') await validateNew(attributes, options)
      if (operation === 'UPDATE' && subresource === 'ephemeralcontainers') await validateAdded(attributes, options)
    },
  }
}

function isMirror(pod: Pod): boolean {
  return pod.metadata?.annotations?.[mirrorAnnotation] !== undefined
}

async function validateNew(attributes: AdmissionAttributes, options: ServiceAccountOptions): Promise<void> {
  const pod = attributes.object as Pod
  if (isMirror(pod)) {
    validateMirror(attributes, pod)
    return
  }
  const account = await accountOf(attributes, options)
  const used = limitsSecrets(account) ? unnamedSecret(pod, account) : undefined
  if (used !== undefined) throw refuse(attributes, used)
}

async function validateAdded(attributes: AdmissionAttributes, options: ServiceAccountOptions): Promise<void> {
  const account = await accountOf(attributes, options)
  const used = limitsSecrets(account) ? unnamedEphemeralSecret(attributes.object as Pod, account) : undefined
  // Which upstream makes no refusal of.
  if (used !== undefined) throw failure(used)
}

/** Throws 403 when there is none. */
async function accountOf(
  attributes: AdmissionAttributes,
  { reader, random, sleep }: ServiceAccountOptions,
): Promise<Held<ServiceAccount>> {
  const { namespace, object } = attributes
  const { metadata, spec } = object as Pod
  const name = spec?.serviceAccountName ?? ''
  if (name === '') throw refuse(attributes, `no service account specified for pod ${namespace}/${metadata?.name ?? ''}`)
  const attempts = name === defaultName ? defaultAttempts : 1
  const waitMs = leastWaitMs + random(leastWaitMs)
  for (let attempt = 1; ; attempt++) {
    const found = reader.get(serviceAccounts, name, namespace)
    if (found) return found
    if (attempt === attempts) break
    await sleep(waitMs)
  }
  const cause = unaskable(name) ?? `serviceaccount ${JSON.stringify(name)} not found`
  throw refuse(attributes, `error looking up service account ${namespace}/${name}: ${cause}`)
}

function validateMirror(attributes: AdmissionAttributes, pod: Pod): void {
  const { spec } = pod
  if (spec?.serviceAccountName) throw refuse(attributes, 'a mirror pod may not reference service accounts')
  if (namesSecrets(pod)) throw refuse(attributes, 'a mirror pod may not reference secrets')
  for (const { projected } of spec?.volumes ?? []) {
    if (projected?.sources?.some((source) => source.serviceAccountToken)) {
      throw refuse(attributes, 'a mirror pod may not use ServiceAccountToken volume projections')
    }
  }
}

function wantsToken({ spec }: Pod, account: Held<ServiceAccount>): boolean {
  return spec?.automountServiceAccountToken ?? account.automountServiceAccountToken ?? true
}

/** Adds the token's volume and mounts, except where a container has something at that path already. */
function mountToken(pod: Pod, generateName: (base: string) => string): void {
  const spec = pod.spec!
  const existing = spec.volumes?.find(({ name }) => name.startsWith(tokenVolumePrefix))
  const volume = existing ?? tokenVolume(generateName(tokenVolumePrefix))
  let mounted = false
  for (const container of [...(spec.initContainers ?? []), ...(spec.containers ?? [])]) {
    if (mountInto(container, volume.name)) mounted = true
  }
  if (mounted && !existing) spec.volumes = [...(spec.volumes ?? []), volume]
}

function mountInto(container: Container, volume: string): boolean {
  if (container.volumeMounts?.some(({ mountPath }) => mountPath === tokenMountPath)) return false
  const mount = { name: volume, readOnly: true, mountPath: tokenMountPath }
  container.volumeMounts = [...(container.volumeMounts ?? []), mount]
  return true
}

function tokenVolume(name: string): Volume {
  const namespaceField = { path: 'namespace', fieldRef: { apiVersion: 'v1', fieldPath: 'metadata.namespace' } }
  return {
    name,
    projected: {
      sources: [
        { serviceAccountToken: { expirationSeconds: tokenExpirationSeconds, path: 'token' } },
        { configMap: { name: 'kube-root-ca.crt', items: [{ key: 'ca.crt', path: 'ca.crt' }] } },
        { downwardAPI: { items: [namespaceField] } },
      ],
      defaultMode: 0o644,
    },
  }
}
