import { define } from '../define.ts'
import { ageColumn, nameColumn, text } from '../printing.ts'
import type { Lease } from '../types/coordination/v1.ts'
import { leases } from '../types/resources.ts'
import { validateLease } from '../validation/lease.ts'

/** The fields of coordinated leader election are behind a feature gate that is off by default. */
function dropCoordination({ spec }: Lease): void {
  if (!spec) return
  delete spec.strategy
  delete spec.preferredHolder
}

export const lease = define(leases, {
  validate: validateLease,
  validateUpdate: validateLease,
  prepareForCreate: dropCoordination,
  prepareForUpdate: dropCoordination,
  allowCreateOnUpdate: true,
  allowUnconditionalUpdate: false,
  columns: [nameColumn, text('Holder', (object) => object.spec?.holderIdentity ?? ''), ageColumn],
})
