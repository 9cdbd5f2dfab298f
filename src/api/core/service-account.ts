import type { DeepReadonly } from '../../machinery/object.ts'
import { define } from '../define.ts'
import { ageColumn, nameColumn } from '../printing.ts'
import type { ServiceAccount } from '../types/core/v1.ts'
import { serviceAccounts } from '../types/resources.ts'

/** Of a reference to a Secret only the name is kept. */
function cleanSecretReferences(account: ServiceAccount): void {
  if (account.secrets) account.secrets = account.secrets.map(({ name }) => (name === undefined ? {} : { name }))
}

const enforceAnnotation = 'kubernetes.io/enforce-mountable-secrets'

/** Said once, when the annotation comes. */
function enforceWarnings(
  { metadata }: DeepReadonly<ServiceAccount>,
  old: DeepReadonly<ServiceAccount> | undefined,
): string[] {
  const has = metadata?.annotations?.[enforceAnnotation] !== undefined
  if (!has || old?.metadata?.annotations?.[enforceAnnotation] !== undefined) return []
  const why = 'deprecated in v1.32+; prefer separate namespaces to isolate access to mounted secrets'
  return [`metadata.annotations[${enforceAnnotation}]: ${why}`]
}

export const serviceAccount = define(serviceAccounts, {
  returnsDeletedObject: true,
  prepareForCreate: cleanSecretReferences,
  prepareForUpdate: cleanSecretReferences,
  metadataChecksOnUpdate: ['change', 'whole'],
  warnings: enforceWarnings,
  columns: [nameColumn, ageColumn],
})
