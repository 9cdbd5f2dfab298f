import type { SelfSubjectReview, TokenReview } from '../api/types/authentication/v1.ts'
import type {
  LocalSubjectAccessReview,
  SelfSubjectAccessReview,
  SelfSubjectRulesReview,
  SubjectAccessReview,
} from '../api/types/authorization/v1.ts'
import { notFound } from '../machinery/errors.ts'
import type { KubeObject } from '../machinery/object.ts'
import type { TokenAuthenticator } from './authentication/authenticator.ts'
import { reviewSelf, reviewToken } from './authentication/reviews.ts'
import type { Authorizer, RuleResolver } from './authorization/authorizer.ts'
import {
  reviewLocalSubjectAccess,
  reviewOwnAccess,
  reviewOwnRules,
  reviewSubjectAccess,
} from './authorization/reviews.ts'
import type { Answer, Handler, RequestContext } from './request.ts'
import { decodeDraft } from './rest/draft.ts'
import { trackFields } from './rest/field-manager.ts'
import type { RestServices } from './rest/resource-request.ts'
import { matchNamespace } from './rest/write-metadata.ts'
import { writeOptions } from './rest/write-options.ts'

export interface ReviewOptions {
  readonly authorizer: Authorizer
  readonly resolver: RuleResolver
  readonly tokens: TokenAuthenticator
  readonly audiences: readonly string[]
  readonly componentStatuses: (context: RequestContext) => Promise<Answer>
}

/** Fills in the status of what was posted. */
type Review = (draft: KubeObject, context: RequestContext) => void | Promise<void>

/**
 * The resources that are questions and not objects: reviews, which are answered and not stored, and component
 * statuses. `handle` answers undefined for every other request.
 */
export function unstoredResources(
  services: RestServices,
  options: ReviewOptions,
): (context: RequestContext) => ReturnType<Handler> | undefined {
  const reviews = reviewsBy(services, options)
  return (context) => {
    const { group, resource, verb, subresource, version } = context.info
    if (subresource !== '' || version !== 'v1') return undefined
    if (group === '' && resource === 'componentstatuses' && (verb === 'get' || verb === 'list')) {
      return options.componentStatuses(context)
    }
    const review = verb === 'create' ? reviews[`${group}/${resource}`] : undefined
    return review && answerReview(services, context, review)
  }
}

function reviewsBy({ clock }: RestServices, options: ReviewOptions): Readonly<Record<string, Review>> {
  const { authorizer, resolver, tokens, audiences } = options
  return {
    'authentication.k8s.io/tokenreviews': (draft) => reviewToken(draft as TokenReview, tokens, audiences),
    'authentication.k8s.io/selfsubjectreviews': (draft, { user }) =>
      reviewSelf(draft as SelfSubjectReview, user, clock.nowMs()),
    'authorization.k8s.io/subjectaccessreviews': (draft) =>
      reviewSubjectAccess(draft as SubjectAccessReview, authorizer),
    'authorization.k8s.io/localsubjectaccessreviews': (draft) =>
      reviewLocalSubjectAccess(draft as LocalSubjectAccessReview, authorizer),
    'authorization.k8s.io/selfsubjectaccessreviews': (draft, { user }) =>
      reviewOwnAccess(draft as SelfSubjectAccessReview, user, authorizer),
    'authorization.k8s.io/selfsubjectrulesreviews': (draft, { user }) =>
      reviewOwnRules(draft as SelfSubjectRulesReview, user, resolver),
  }
}

async function answerReview(services: RestServices, context: RequestContext, review: Review): Promise<Answer> {
  const { group, version, resource, namespace } = context.info
  const definition = services.registry.lookup(group, version, resource)
  if (!definition) throw notFound({ group, resource }, '')
  const options = writeOptions(context.query, 'CreateOptions')
  const request = { services, context, definition, namespace, name: '', subresource: '' }
  const draft = await decodeDraft(request, options)
  matchNamespace(draft.metadata, request)
  await trackFields({ request, live: undefined, draft, options })
  await review(draft, context)
  return { kind: 'object', status: 201, object: draft }
}
