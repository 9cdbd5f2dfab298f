import type { RequestContext, UserInfo } from '../request.ts'
import {
  type AuthenticatedToken,
  AuthenticationError,
  type Authenticator,
  type TokenAuthenticator,
} from './authenticator.ts'

/** Prefix of the WebSocket subprotocol in which browsers send a token, base64url without padding. */
const webSocketTokenPrefix = 'base64url.bearer.authorization.k8s.io.'

const spaceWarning = 'the provided Authorization header contains extra space before the bearer token, and is ignored'

/** Asks each in turn; the first that knows the token decides. Throws the first reason if none does. */
export function tokenUnion(authenticators: readonly TokenAuthenticator[]): TokenAuthenticator {
  return {
    async authenticateToken(token, audiences) {
      let refusal: AuthenticationError | undefined
      for (const authenticator of authenticators) {
        try {
          const found = await authenticator.authenticateToken(token, audiences)
          if (found) return found
        } catch (error) {
          if (!(error instanceof AuthenticationError)) throw error
          refusal ??= error
        }
      }
      if (refusal) throw refusal
      return undefined
    },
  }
}

/** For tokens that name no audience: they are meant for this server. After authentication/authenticator/audagnostic.go. */
export function audienceAgnostic(tokens: TokenAuthenticator, own: readonly string[]): TokenAuthenticator {
  return {
    async authenticateToken(token, wanted) {
      const audiences = own.filter((audience) => wanted.includes(audience))
      if (audiences.length === 0) return undefined
      const found = await tokens.authenticateToken(token, audiences)
      return found && { user: found.user, audiences }
    },
  }
}

/** `Authorization: Bearer …`, or a WebSocket subprotocol. After apiserver authentication/request/bearertoken v1.36. */
export function bearerTokenAuthenticator(tokens: TokenAuthenticator, audiences: readonly string[]): Authenticator {
  return {
    async authenticate(context: RequestContext): Promise<UserInfo | undefined> {
      const token = tokenOf(context)
      if (token === undefined) return undefined
      const found: AuthenticatedToken | undefined = await tokens.authenticateToken(token, audiences)
      if (!found) throw new AuthenticationError('invalid bearer token')
      return found.user
    },
  }
}

function tokenOf(context: RequestContext): string | undefined {
  const authorization = context.headers.get('authorization')?.trim()
  if (!authorization) return webSocketToken(context)
  const parts = authorization.split(' ')
  if (parts[0]!.toLowerCase() !== 'bearer' || parts.length < 2) return undefined
  if (parts[1] !== '') return parts[1]
  if (parts.length > 2) context.warnings.push(spaceWarning)
  return undefined
}

/** Whether a subprotocol is no protocol, but the token of a browser, which cannot set headers. */
export function isBearerSubprotocol(subprotocol: string): boolean {
  return subprotocol.startsWith(webSocketTokenPrefix)
}

function webSocketToken({ headers }: RequestContext): string | undefined {
  const protocols = headers.get('sec-websocket-protocol')
  if (!protocols) return undefined
  const found = protocols.split(',').find((protocol) => isBearerSubprotocol(protocol.trim()))
  return found && Buffer.from(found.trim().slice(webSocketTokenPrefix.length), 'base64url').toString()
}
