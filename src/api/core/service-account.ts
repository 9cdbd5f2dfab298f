import { define } from '../define.ts'
import { ageColumn, nameColumn } from '../printing.ts'
import type { ServiceAccount } from '../types/core/v1.ts'
import { serviceAccounts } from '../types/resources.ts'

/** Of a reference to a Secret only the name is kept. */
function cleanSecretReferences(account: ServiceAccount): void {
  if (account.secrets) account.secrets = account.secrets.map(({ name }) => (name === undefined ? {} : { name }))
}

export const serviceAccount = define(serviceAccounts, {
  returnsDeletedObject: true,
  prepareForCreate: cleanSecretReferences,
  prepareForUpdate: cleanSecretReferences,
  columns: [nameColumn, ageColumn],
})
