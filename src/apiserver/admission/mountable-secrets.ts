import type { Container, EphemeralContainer, Pod, ServiceAccount } from '../../api/types/core/v1.ts'
import type { DeepReadonly } from '../../machinery/object.ts'

type Account = DeepReadonly<ServiceAccount>
type AnyContainer = DeepReadonly<Container> | DeepReadonly<EphemeralContainer>

const annotation = 'kubernetes.io/enforce-mountable-secrets'

/** What Go's strconv.ParseBool takes for yes. */
const yes: readonly string[] = ['1', 't', 'T', 'TRUE', 'true', 'True']

/** Whether Pods of a service account may use only the Secrets that it names. */
export function limitsSecrets({ metadata }: Account): boolean {
  return yes.includes(metadata?.annotations?.[annotation] ?? '')
}

/**
 * Which Secret a new Pod uses though its service account does not name it; undefined: none. After
 * plugin/pkg/admission/serviceaccount limitSecretReferences v1.36.
 */
export function unnamedSecret({ spec }: DeepReadonly<Pod>, account: Account): string | undefined {
  const allowed = namesOf(account.secrets)
  const suffix = because(account)
  for (const { secret } of spec?.volumes ?? []) {
    const name = secret?.secretName ?? ''
    if (secret && !allowed.has(name)) return `volume with secret.secretName="${name}" ${suffix}`
  }
  const inContainers =
    unnamedIn(spec?.initContainers, 'init container', account) ?? unnamedIn(spec?.containers, 'container', account)
  if (inContainers !== undefined) return inContainers
  const pullSecrets = namesOf(account.imagePullSecrets)
  const index = (spec?.imagePullSecrets ?? []).findIndex(({ name = '' }) => !pullSecrets.has(name))
  if (index < 0) return undefined
  const { name = '' } = spec!.imagePullSecrets![index]!
  return `imagePullSecrets[${index}].name="${name}" ${suffix.replace(/secret$/, 'imagePullSecret')}`
}

/** The same of containers that are added to a Pod that runs. */
export function unnamedEphemeralSecret({ spec }: DeepReadonly<Pod>, account: Account): string | undefined {
  return unnamedIn(spec?.ephemeralContainers, 'ephemeral container', account)
}

function unnamedIn(
  containers: readonly AnyContainer[] | undefined,
  what: string,
  account: Account,
): string | undefined {
  const allowed = namesOf(account.secrets)
  for (const { name: container, env = [], envFrom = [] } of containers ?? []) {
    for (const { name: variable, valueFrom } of env) {
      const used = valueFrom?.secretKeyRef
      if (used && !allowed.has(used.name ?? ''))
        return `${what} ${container} with envVar ${variable} referencing secret.secretName="${used.name}" ${because(account)}`
    }
    for (const { secretRef } of envFrom) {
      if (secretRef && !allowed.has(secretRef.name ?? ''))
        return `${what} ${container} with envFrom referencing secret.secretName="${secretRef.name}" ${because(account)}`
    }
  }
  return undefined
}

function because({ metadata }: Account): string {
  return `is not allowed because service account ${metadata?.name} does not reference that secret`
}

function namesOf(references: readonly { readonly name?: string }[] = []): ReadonlySet<string> {
  return new Set(references.map(({ name = '' }) => name))
}
