import type {
  NonResourceRule,
  ResourceAttributes,
  ResourceRule,
  SelfSubjectAccessReview,
  SelfSubjectRulesReview,
  SubjectAccessReview,
  SubjectAccessReviewStatus,
} from '../../api/types/authorization/v1.ts'
import { badRequest, type FieldError, invalid } from '../../machinery/errors.ts'
import type { UserInfo } from '../request.ts'
import type { AuthorizationAttributes, Authorizer, RuleResolver } from './authorizer.ts'

type AccessSpec = NonNullable<SubjectAccessReview['spec']> | NonNullable<SelfSubjectAccessReview['spec']>

/** What somebody named in the review may do. After kubernetes pkg/registry/authorization/subjectaccessreview v1.36. */
export async function reviewSubjectAccess(review: SubjectAccessReview, authorizer: Authorizer): Promise<void> {
  const { user = '', uid, groups = [], extra = {} } = review.spec ?? {}
  const errors = attributeErrors(review.spec ?? {})
  if (user === '' && groups.length === 0) {
    errors.push(invalidValue('spec.user', '""', 'at least one of user or group must be specified'))
  }
  if (errors.length > 0) throw invalid({ group: 'authorization.k8s.io', kind: '' }, '', errors)
  const subject: UserInfo = { name: user, groups, extra, ...(uid && { uid }) }
  review.status = await decide(review.spec ?? {}, subject, authorizer)
}

/** The same within one namespace, which the review must name as well. */
export async function reviewLocalSubjectAccess(
  review: SubjectAccessReview,
  namespace: string,
  authorizer: Authorizer,
): Promise<void> {
  const attributes = review.spec?.resourceAttributes
  if (attributes && (attributes.namespace ?? '') !== namespace) {
    const value = JSON.stringify(attributes.namespace ?? '')
    const wrong = invalidValue('spec.resourceAttributes.namespace', value, 'must match metadata.namespace')
    throw invalid({ group: 'authorization.k8s.io', kind: '' }, '', [wrong])
  }
  await reviewSubjectAccess(review, authorizer)
}

/** What the caller may do. */
export async function reviewOwnAccess(
  review: SelfSubjectAccessReview,
  caller: UserInfo,
  authorizer: Authorizer,
): Promise<void> {
  const errors = attributeErrors(review.spec ?? {})
  if (errors.length > 0) throw invalid({ group: 'authorization.k8s.io', kind: '' }, '', errors)
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

/** After kubernetes pkg/apis/authorization/validation v1.36. */
function attributeErrors({ resourceAttributes, nonResourceAttributes }: AccessSpec): FieldError[] {
  if (resourceAttributes && nonResourceAttributes) {
    const { path = '', verb = '' } = nonResourceAttributes
    const value = JSON.stringify({ Path: path, Verb: verb })
    return [
      invalidValue('spec.nonResourceAttributes', value, 'cannot be specified in combination with resourceAttributes'),
    ]
  }
  if (resourceAttributes) return selectorErrors(resourceAttributes)
  if (nonResourceAttributes) return []
  const why = 'exactly one of nonResourceAttributes or resourceAttributes must be specified'
  return [invalidValue('spec.resourceAttributes', 'null', why)]
}

/** A selector is given as text or as requirements. */
function selectorErrors({ fieldSelector, labelSelector }: ResourceAttributes): FieldError[] {
  const errors: FieldError[] = []
  for (const [name, selector] of Object.entries({ fieldSelector, labelSelector })) {
    if (!selector?.rawSelector || !selector.requirements?.length) continue
    const field = `spec.resourceAttributes.${name}.rawSelector`
    errors.push(
      invalidValue(field, JSON.stringify(selector.rawSelector), 'may not specified at the same time as requirements'),
    )
  }
  return errors
}

function invalidValue(field: string, value: string, why: string): FieldError {
  return { type: 'FieldValueInvalid', field, detail: `Invalid value: ${value}: ${why}` }
}
