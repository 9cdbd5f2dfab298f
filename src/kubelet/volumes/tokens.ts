import type { ServiceAccountTokenProjection } from '../../api/types/core/v1.ts'
import { serviceAccounts } from '../../api/types/resources.ts'
import type { Client } from '../../client/client.ts'
import type { DeepReadonly } from '../../machinery/object.ts'
import type { Clock } from '../../platform/clock.ts'
import { nameOf, namespaceOf, type ReadonlyPod, uidOf } from '../pod/pod.ts'

export interface TokenSource {
  /** A token of the Pod's service account, fresh enough. */
  token(pod: ReadonlyPod, projection: DeepReadonly<ServiceAccountTokenProjection>): Promise<string>
  /** When the first of the Pod's tokens should be replaced; undefined when it has none. */
  refreshAtMs(uid: string): number | undefined
  forget(uid: string): void
}

interface Held {
  token: string
  refreshAtMs: number
}

interface TokenRequest {
  status?: { token: string; expirationTimestamp: string }
}

const maxLifetimeMs = 24 * 3_600_000
/** Upstream replaces a token when 80 % of its life, or a day, is over: kubelet v1.36 token/token_manager.go. */
const freshPart = 0.8

/** Asks the API for tokens that are bound to the Pod, and keeps them until they should be replaced. */
export function createTokenSource({ client, clock }: { client: Client; clock: Clock }): TokenSource {
  const held = new Map<string, Map<string, Held>>()
  return {
    async token(pod, projection) {
      const { audience = '', expirationSeconds = 3600 } = projection
      const key = `${audience}/${expirationSeconds}`
      const ofPod = held.get(uidOf(pod)) ?? new Map<string, Held>()
      held.set(uidOf(pod), ofPod)
      const known = ofPod.get(key)
      if (known && clock.nowMs() < known.refreshAtMs) return known.token
      const { token, expiresAtMs } = await requestToken(client, pod, audience, expirationSeconds)
      const lifetimeMs = expiresAtMs - clock.nowMs()
      const refreshAtMs = clock.nowMs() + Math.min(lifetimeMs * freshPart, maxLifetimeMs)
      ofPod.set(key, { token, refreshAtMs })
      return token
    },
    refreshAtMs(uid) {
      const times = [...(held.get(uid)?.values() ?? [])].map(({ refreshAtMs }) => refreshAtMs)
      return times.length > 0 ? Math.min(...times) : undefined
    },
    forget(uid) {
      held.delete(uid)
    },
  }
}

async function requestToken(
  client: Client,
  pod: ReadonlyPod,
  audience: string,
  expirationSeconds: number,
): Promise<{ token: string; expiresAtMs: number }> {
  const body = {
    apiVersion: 'authentication.k8s.io/v1',
    kind: 'TokenRequest',
    spec: {
      audiences: audience === '' ? [] : [audience],
      expirationSeconds,
      boundObjectRef: { apiVersion: 'v1', kind: 'Pod', name: nameOf(pod), uid: uidOf(pod) },
    },
  }
  const account = pod.spec?.serviceAccountName || 'default'
  const answer = await client
    .of(serviceAccounts)
    .createSubresource<TokenRequest>(account, 'token', body, { namespace: namespaceOf(pod) })
  if (!answer.status) throw new Error(`no token for service account ${namespaceOf(pod)}/${account}`)
  return { token: answer.status.token, expiresAtMs: Date.parse(answer.status.expirationTimestamp) }
}
