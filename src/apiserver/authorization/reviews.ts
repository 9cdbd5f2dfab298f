import type {
  LocalSubjectAccessReview,
  NonResourceRule,
  ResourceRule,
  SelfSubjectAccessReview,
  SelfSubjectRulesReview,
  SubjectAccessReview,
  SubjectAccessReviewStatus,
} from '../../api/types/authorization/v1.ts'
import {
  validateLocalSubjectAccessReview,
  validateSelfSubjectAccessReview,
  validateSubjectAccessReview,
} from '../../api/validation/access-review.ts'
import { aggregateMessage } from '../../machinery/aggregate.ts'
import { badRequest, type FieldError, invalid } from '../../machinery/errors.ts'
import type { UserInfo } from '../request.ts'
import { type AccessSpec, askedAccess } from './access-attributes.ts'
import type { Authorizer, RuleResolver } from './authorizer.ts'

/** What somebody named in the review may do. After kubernetes pkg/registry/authorization/subjectaccessreview v1.36. */
export async function reviewSubjectAccess(review: SubjectAccessReview, authorizer: Authorizer): Promise<void> {
  refuseInvalid(validateSubjectAccessReview(review))
  await answerSubjectAccess(review, authorizer)
}

async function answerSubjectAccess(
  review: SubjectAccessReview | LocalSubjectAccessReview,
  authorizer: Authorizer,
): Promise<void> {
  const { user = '', uid, groups = [], extra = {} } = review.spec ?? {}
  const subject: UserInfo = { name: user, groups, extra, ...(uid && { uid }) }
  review.status = await decide(review.spec ?? {}, subject, authorizer)
}

/** The same within one namespace, which the review must name as well. */
export async function reviewLocalSubjectAccess(
  review: LocalSubjectAccessReview,
  authorizer: Authorizer,
): Promise<void> {
  refuseInvalid(validateLocalSubjectAccessReview(review))
  await answerSubjectAccess(review, authorizer)
}

/** Reviews have no names, and upstream names no kind either. */
function refuseInvalid(errors: readonly FieldError[]): void {
  if (errors.length > 0) throw invalid({ group: 'authorization.k8s.io', kind: '' }, '', errors)
}

/** What the caller may do. */
export async function reviewOwnAccess(
  review: SelfSubjectAccessReview,
  caller: UserInfo,
  authorizer: Authorizer,
): Promise<void> {
  refuseInvalid(validateSelfSubjectAccessReview(review))
  review.status = await decide(review.spec ?? {}, caller, authorizer)
}

/** All that the caller may do in a namespace, as far as rules tell. After registry/authorization/selfsubjectrulesreview. */
export function reviewOwnRules(review: SelfSubjectRulesReview, caller: UserInfo, resolver: RuleResolver): void {
  const namespace = review.spec?.namespace ?? ''
  if (namespace === '') throw badRequest('no namespace on request')
  const { rules, errors } = resolver.rulesFor(caller, namespace)
  const resourceRules: ResourceRule[] = []
  const nonResourceRules: NonResourceRule[] = []
  for (const { verbs, apiGroups, resources, resourceNames, nonResourceURLs } of rules) {
    if (resources?.length) {
      resourceRules.push({
        verbs: [...verbs],
        apiGroups: [...(apiGroups ?? [])],
        resources: [...resources],
        ...(resourceNames?.length && { resourceNames: [...resourceNames] }),
      })
    }
    if (nonResourceURLs?.length) nonResourceRules.push({ verbs: [...verbs], nonResourceURLs: [...nonResourceURLs] })
  }
  const incomplete = errors.length > 0
  // Upstream answers a review of its own making.
  review.metadata = {}
  review.spec = {}
  review.status = {
    resourceRules,
    nonResourceRules,
    incomplete,
    ...(incomplete && { evaluationError: aggregateMessage(errors) }),
  }
}

async function decide(spec: AccessSpec, user: UserInfo, authorizer: Authorizer): Promise<SubjectAccessReviewStatus> {
  const { attributes, errors } = askedAccess(spec, user)
  const { allowed, denied, reason, error } = await authorizer.authorize(attributes)
  const evaluationError = [...(error === undefined ? [] : [error]), ...errors].join('; ')
  return {
    allowed,
    ...(denied && { denied }),
    ...(reason !== '' && { reason }),
    ...(evaluationError !== '' && { evaluationError }),
  }
}
