import { createHash } from 'node:crypto'
import type { TokenReview } from '../../api/types/authentication/v1.ts'
import type { Clock } from '../../platform/clock.ts'
import { createReviewWebhook, ExpiringCache, type ReviewWebhookDependencies } from '../configuration/review-webhook.ts'
import type { UserInfo } from '../request.ts'
import { type AuthenticatedToken, AuthenticationError, type TokenAuthenticator } from './authenticator.ts'

/** Upstream's --authentication-token-webhook-… flags. */
export interface TokenWebhookOptions {
  readonly kubeconfigPath: string
  /** `v1` or `v1beta1`; upstream's default is v1beta1. */
  readonly version?: 'v1' | 'v1beta1'
  /** Two minutes if not given. */
  readonly cacheTtlMs?: number
}

const defaultCacheTtlMs = 120_000
const requestTimeoutMs = 30_000
const rememberedTokens = 4096

/**
 * Asks somebody else whose a token is. Answers, also that it is nobody's, are remembered for a while.
 * After apiserver plugin/pkg/authenticator/token/webhook v1.36.
 */
export function webhookTokenAuthenticator(
  options: TokenWebhookOptions,
  dependencies: ReviewWebhookDependencies & { readonly ownAudiences: readonly string[] },
): TokenAuthenticator {
  const { kubeconfigPath, version = 'v1beta1', cacheTtlMs = defaultCacheTtlMs } = options
  const webhook = createReviewWebhook({ ...dependencies, kubeconfigPath, timeoutMs: requestTimeoutMs })
  const cache = new TokenCache(dependencies.clock)
  return {
    async authenticateToken(token, audiences) {
      const known = cache.get(token, audiences)
      if (known) return answerOf(known, audiences, dependencies.ownAudiences)
      const apiVersion = `authentication.k8s.io/${version}`
      const spec = { token, audiences: [...audiences] }
      const review = { kind: 'TokenReview', apiVersion, metadata: {}, spec, status: { user: {} } }
      const answered = await ask(() => webhook.post(review))
      // Something has gone wrong over there, and may go well the next time.
      if (answered.authenticated || !answered.error) cache.set(token, audiences, answered, cacheTtlMs)
      return answerOf(answered, audiences, dependencies.ownAudiences)
    },
  }
}

type ReviewStatus = NonNullable<TokenReview['status']>

async function ask(post: () => Promise<unknown>): Promise<ReviewStatus> {
  try {
    return ((await post()) as TokenReview).status ?? {}
  } catch (error) {
    throw new AuthenticationError(error instanceof Error ? error.message : String(error), { cause: error })
  }
}

function answerOf(
  { authenticated, error, user = {}, audiences }: ReviewStatus,
  wanted: readonly string[],
  own: readonly string[],
): AuthenticatedToken | undefined {
  // A webhook that knows nothing of audiences vouches for tokens for this server.
  const meantFor = audiences?.length ? audiences : own
  const common = wanted.filter((audience) => meantFor.includes(audience))
  if (common.length === 0) return undefined
  if (!authenticated) {
    if (error) throw new AuthenticationError(error)
    return undefined
  }
  const { username = '', uid, groups = [], extra = {} } = user
  const found: UserInfo = { name: username, groups, extra, ...(uid && { uid }) }
  return { user: found, audiences: common }
}

/** By a digest, so that no token lies around in memory. */
class TokenCache {
  readonly #entries: ExpiringCache<ReviewStatus>

  constructor(clock: Clock) {
    this.#entries = new ExpiringCache(clock, rememberedTokens)
  }

  get(token: string, audiences: readonly string[]): ReviewStatus | undefined {
    return this.#entries.get(keyOf(token, audiences))
  }

  set(token: string, audiences: readonly string[], status: ReviewStatus, ttlMs: number): void {
    this.#entries.set(keyOf(token, audiences), status, ttlMs)
  }
}

function keyOf(token: string, audiences: readonly string[]): string {
  return createHash('sha256')
    .update(JSON.stringify([token, audiences]))
    .digest('base64')
}
