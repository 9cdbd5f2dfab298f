import type { RequestContext, UserInfo } from '../request.ts'

/** Finds out who asks from one kind of credential. After apiserver authentication/authenticator v1.36. */
export interface Authenticator {
  /** Undefined: no credential of this kind. Throws an AuthenticationError when there is one and it is not good. */
  authenticate(context: RequestContext): Promise<UserInfo | undefined> | UserInfo | undefined
}

export interface AuthenticatedToken {
  readonly user: UserInfo
  /** Those of the asked-for audiences that the token is meant for. */
  readonly audiences: readonly string[]
}

/** Reads one form of bearer token. */
export interface TokenAuthenticator {
  /** Undefined: not a token of this form. Throws an AuthenticationError when it is one and it is not good. */
  authenticateToken(
    token: string,
    audiences: readonly string[],
  ): Promise<AuthenticatedToken | undefined> | AuthenticatedToken | undefined
}

/** A credential was shown and is refused. The client only learns `Unauthorized`; the reason is for logs and reviews. */
export class AuthenticationError extends Error {
  constructor(message: string, options?: ErrorOptions) {
    super(message, options)
    this.name = 'AuthenticationError'
  }
}

export const allAuthenticated = 'system:authenticated'
export const allUnauthenticated = 'system:unauthenticated'
export const anonymousUser = 'system:anonymous'
export const mastersGroup = 'system:masters'
/** The key of UserInfo.extra that tells credentials of one user apart. */
export const credentialIdKey = 'authentication.kubernetes.io/credential-id'

/** The user with `system:authenticated` among its groups, unless it is somebody anonymous. */
export function withAuthenticatedGroup(user: UserInfo): UserInfo {
  if (user.name === anonymousUser) return user
  if (user.groups.includes(allAuthenticated) || user.groups.includes(allUnauthenticated)) return user
  return { ...user, groups: [...user.groups, allAuthenticated] }
}
