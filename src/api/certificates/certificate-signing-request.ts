import { humanDuration } from '../../machinery/duration.ts'
import type { DeepReadonly } from '../../machinery/object.ts'
import { define } from '../define.ts'
import { ageColumn, nameColumn, text } from '../printing.ts'
import type { StrategyContext } from '../resource-definition.ts'
import { onlyFields, reset } from '../strategy.ts'
import type { CertificateSigningRequest, CertificateSigningRequestCondition } from '../types/certificates/v1.ts'
import { certificateSigningRequests } from '../types/resources.ts'

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

/** Only `/approval` may approve or deny. */
function keepDecisions(draft: CertificateSigningRequest, old: Request): void {
  const isDecision = ({ type }: { readonly type: string }) => type === 'Approved' || type === 'Denied'
  const before = (old.status?.conditions ?? []).filter(isDecision)
  const wanted = (draft.status?.conditions ?? []).filter((condition) => !isDecision(condition))
  if (before.length === 0 && !draft.status?.conditions) return
  draft.status ??= {}
  draft.status.conditions = [...before, ...wanted] as CertificateSigningRequestCondition[]
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
  status: {
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
