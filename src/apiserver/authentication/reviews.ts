import type { SelfSubjectReview, TokenReview } from '../../api/types/authentication/v1.ts'
import { badRequest } from '../../machinery/errors.ts'
import type { UserInfo } from '../request.ts'
import { AuthenticationError, type TokenAuthenticator, withAuthenticatedGroup } from './authenticator.ts'

type ReviewedUser = NonNullable<NonNullable<SelfSubjectReview['status']>['userInfo']>

/** Who the caller is. After kubernetes pkg/registry/authentication/selfsubjectreview v1.36. */
export function reviewSelf(review: SelfSubjectReview, caller: UserInfo, nowMs: number): void {
  review.metadata = { ...review.metadata, creationTimestamp: `${new Date(nowMs).toISOString().slice(0, 19)}Z` }
  review.status = { userInfo: wireForm(caller) }
}

/** Whose a token is. After kubernetes pkg/registry/authentication/tokenreview v1.36. */
export async function reviewToken(
  review: TokenReview,
  tokens: TokenAuthenticator,
  ownAudiences: readonly string[],
): Promise<void> {
  const { token = '', audiences = [] } = review.spec ?? {}
  if (token === '') throw badRequest('token is required for TokenReview in authentication')
  const wanted = audiences.length > 0 ? audiences : ownAudiences
  try {
    const found = await tokens.authenticateToken(token, wanted)
    if (!found) review.status = { user: {}, error: 'invalid bearer token' }
    else {
      const user = wireForm(withAuthenticatedGroup(found.user))
      review.status = { authenticated: true, user, audiences: [...found.audiences] }
    }
  } catch (error) {
    if (!(error instanceof AuthenticationError)) throw error
    review.status = { user: {}, error: `[invalid bearer token, ${error.message}]` }
  }
}

function wireForm({ name, uid, groups, extra }: UserInfo): ReviewedUser {
  return {
    username: name,
    ...(uid && { uid }),
    ...(groups.length > 0 && { groups: [...groups] }),
    ...(Object.keys(extra).length > 0 && {
      extra: Object.fromEntries(Object.entries(extra).map(([key, values]) => [key, [...values]])),
    }),
  }
}
