import { timingSafeEqual } from 'node:crypto'
import type { Secret } from '../../api/types/core/v1.ts'
import { secrets } from '../../api/types/resources.ts'
import type { Clock } from '../../platform/clock.ts'
import type { Held, ObjectReader } from '../object-reader.ts'
import { AuthenticationError, type TokenAuthenticator } from './authenticator.ts'

const bootstrapGroup = 'system:bootstrappers'
const tokenForm = /^([a-z0-9]{6})\.([a-z0-9]{16})$/
const extraGroupForm = /^system:bootstrappers:[a-z0-9:-]{0,255}[a-z0-9]$/

/**
 * `id.secret`, looked up in the Secret `bootstrap-token-<id>` of kube-system: how new nodes join.
 * After kubernetes plugin/pkg/auth/authenticator/token/bootstrap v1.36.
 */
export function bootstrapTokenAuthenticator(reader: ObjectReader, clock: Clock): TokenAuthenticator {
  return {
    authenticateToken(token, audiences) {
      const match = tokenForm.exec(token)
      if (!match) return undefined
      const [, id = '', secretText = ''] = match
      const secret = reader.get(secrets, `bootstrap-token-${id}`, 'kube-system')
      if (!secret || secret.metadata.deletionTimestamp || secret.type !== 'bootstrap.kubernetes.io/token')
        return undefined
      const data = decodeData(secret)
      if (!equal(data('token-secret'), secretText) || data('token-id') !== id) return undefined
      if (isExpired(data('expiration'), clock.nowMs())) return undefined
      if (data('usage-bootstrap-authentication') !== 'true') return undefined
      const user = { name: `system:bootstrap:${id}`, groups: groupsOf(data('auth-extra-groups')), extra: {} }
      return { user, audiences }
    },
  }
}

function decodeData(secret: Held<Secret>): (key: string) => string {
  return (key) => Buffer.from(secret.data?.[key] ?? '', 'base64').toString()
}

function equal(left: string, right: string): boolean {
  return left.length === right.length && timingSafeEqual(Buffer.from(left), Buffer.from(right))
}

function isExpired(expiration: string, nowMs: number): boolean {
  if (expiration === '') return false
  const endMs = Date.parse(expiration)
  return Number.isNaN(endMs) || endMs <= nowMs
}

function groupsOf(extra: string): string[] {
  const groups = extra.split(',').filter(Boolean)
  const wrong = groups.find((group) => !extraGroupForm.test(group))
  if (wrong !== undefined) throw new AuthenticationError(`bootstrap group ${JSON.stringify(wrong)} is not allowed`)
  return [bootstrapGroup, ...groups]
}
