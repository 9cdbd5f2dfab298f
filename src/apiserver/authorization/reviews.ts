import type {
  LocalSubjectAccessReview,
  NonResourceRule,
  ResourceAttributes,
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
import { badRequest, type FieldError, invalid } from '../../machinery/errors.ts'
import type { UserInfo } from '../request.ts'
import type { AuthorizationAttributes, Authorizer, RuleResolver } from './authorizer.ts'

type AccessSpec = NonNullable<SubjectAccessReview['spec']> | NonNullable<SelfSubjectAccessReview['spec']>

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
    ...(incomplete && { evaluationError: errors.join(', ') }),
  }
}

async function decide(spec: AccessSpec, user: UserInfo, authorizer: Authorizer): Promise<SubjectAccessReviewStatus> {
  const { allowed, reason } = await authorizer.authorize(attributesOf(spec, user))
  const evaluationError = ignoredSelectors(spec.resourceAttributes)
  return { allowed, ...(reason !== '' && { reason }), ...(evaluationError !== '' && { evaluationError }) }
}

const operators: ReadonlySet<string> = new Set(['In', 'NotIn', 'Exists', 'DoesNotExist'])

/** A selector that makes no sense narrows nothing: the decision is made without it, and the answer says so. */
function ignoredSelectors({ fieldSelector, labelSelector }: ResourceAttributes = {}): string {
  return Object.entries({ fieldSelector, labelSelector })
    .filter(([, selector]) => selector?.requirements?.some(({ operator }) => !operators.has(operator)))
    .map(([name]) => `spec.resourceAttributes.${name} ignored due to parse error`)
    .join(', ')
}

function attributesOf(
  { resourceAttributes, nonResourceAttributes }: AccessSpec,
  user: UserInfo,
): AuthorizationAttributes {
  const nothing = { group: '', version: '', resource: '', subresource: '', name: '', namespace: '', path: '' }
  if (!resourceAttributes) {
    const { path = '', verb = '' } = nonResourceAttributes ?? {}
    return { ...nothing, user, verb, path, isResourceRequest: false }
  }
  const { fieldSelector, labelSelector: _labelSelector, ...attributes }: ResourceAttributes = resourceAttributes
  return {
    ...nothing,
    ...attributes,
    user,
    verb: attributes.verb ?? '',
    isResourceRequest: true,
    ...(fieldSelector?.rawSelector && { fieldSelector: fieldSelector.rawSelector }),
  }
}
