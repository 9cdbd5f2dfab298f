import { humanDuration } from '../../machinery/duration.ts'
import type { DeepReadonly } from '../../machinery/object.ts'
import { define } from '../define.ts'
import { ageColumn, nameColumn, text } from '../printing.ts'
import type { StrategyContext } from '../resource-definition.ts'
import { onlyFields, reset } from '../strategy.ts'
import type { CertificateSigningRequest } from '../types/certificates/v1.ts'
import { certificateSigningRequests } from '../types/resources.ts'
import {
  validateCertificateRequest,
  validateCertificateRequestApproval,
  validateCertificateRequestStatus,
  validateCertificateRequestUpdate,
} from '../validation/certificate-signing-request.ts'

/** Who asks is whoever calls, whatever the request says. */
function prepareForCreate({ spec }: CertificateSigningRequest, { user }: StrategyContext): void {
  if (!spec) return
  spec.username = user.name
  spec.groups = [...user.groups]
  delete spec.uid
  delete spec.extra
  if (user.uid) spec.uid = user.uid
  const extra = Object.entries(user.extra ?? {})
  if (extra.length > 0) spec.extra = Object.fromEntries(extra.map(([key, values]) => [key, [...values]]))
}

type Request = DeepReadonly<CertificateSigningRequest>

/** Only `/approval` decides: what differs is put back; what comes or goes is left for validation to refuse. */
function keepDecisions(draft: CertificateSigningRequest, old: Request): void {
  const conditions = draft.status?.conditions ?? []
  for (const decision of ['Approved', 'Denied']) {
    const before = (old.status?.conditions ?? []).filter(({ type }) => type === decision)
    const places = [...conditions.keys()].filter((index) => conditions[index]!.type === decision)
    if (places.length !== before.length) continue
    for (const [index, place] of places.entries()) conditions[place] = { ...before[index]! }
  }
}

function populateTimes(draft: CertificateSigningRequest, old: Request, nowMs: number): void {
  const now = `${new Date(nowMs).toISOString().slice(0, 19)}Z`
  for (const condition of draft.status?.conditions ?? []) {
    condition.lastUpdateTime ??= now
    if (condition.lastTransitionTime) continue
    const before = old.status?.conditions?.find(({ type }) => type === condition.type)
    const isSame = before?.status === condition.status
    condition.lastTransitionTime = (isSame && before.lastTransitionTime) || now
  }
}

const approval = onlyFields<CertificateSigningRequest>(['status'], {
  validateUpdate: validateCertificateRequestApproval,
  metadataChecksOnUpdate: ['whole', 'change'],
  resetFields: [['spec'], ['status', 'certificate']],
  prepareForUpdate: (draft, old, { nowMs }) => {
    const conditions = draft.status?.conditions
    draft.status = { ...(old.status as CertificateSigningRequest['status']) }
    if (conditions) draft.status.conditions = conditions
    else delete draft.status.conditions
    populateTimes(draft, old, nowMs)
  },
})

function conditionText({ status }: Request): string {
  const has = (wanted: string) => status?.conditions?.some(({ type }) => type === wanted) ?? false
  const words = [has('Denied') ? 'Denied' : has('Approved') ? 'Approved' : 'Pending']
  if (has('Failed')) words.push('Failed')
  if (status?.certificate) words.push('Issued')
  return words.join(',')
}

export const certificateSigningRequest = define(certificateSigningRequests, {
  prepareForCreate,
  prepareForUpdate: (draft, old) => reset(draft, old, 'spec'),
  resetFields: [['spec']],
  // Nobody cares how requests are called, as long as it can stand in a path.
  validateName: () => [],
  validate: validateCertificateRequest,
  validateUpdate: validateCertificateRequestUpdate,
  metadataChecksOnUpdate: ['whole', 'change'],
  status: {
    validateUpdate: validateCertificateRequestStatus,
    metadataChecksOnUpdate: ['whole', 'change'],
    resetFields: [['status', 'conditions']],
    prepareForUpdate: (draft, old, { nowMs }) => {
      keepDecisions(draft, old)
      populateTimes(draft, old, nowMs)
    },
  },
  parts: { approval },
  selectableFields: { 'spec.signerName': (object) => object.spec?.signerName ?? '' },
  columns: [
    nameColumn,
    ageColumn,
    text('SignerName', (object) => object.spec?.signerName || '<none>'),
    text('Requestor', (object) => object.spec?.username ?? ''),
    text('RequestedDuration', ({ spec }) =>
      spec?.expirationSeconds === undefined ? '<none>' : humanDuration(spec.expirationSeconds * 1_000),
    ),
    text<CertificateSigningRequest>('Condition', conditionText),
  ],
})
