import type { Event } from '../../api/types/core/v1.ts'
import type { Event as NewEvent } from '../../api/types/events/v1.ts'
import { StatusError } from '../../machinery/status.ts'
import { ConfigurationError } from '../configuration/configuration-file.ts'
import type { AdmissionAttributes, AdmissionPlugin } from './admission.ts'

type LimitType = 'Server' | 'Namespace' | 'User' | 'SourceAndObject'

export interface EventLimit {
  readonly type: LimitType
  readonly qps: number
  readonly burst: number
  /** How many namespaces, users or objects are kept in mind. Default 4096. */
  readonly cacheSize?: number
}

/** `eventratelimit.admission.k8s.io/v1alpha1` Configuration. */
export interface EventRateLimitConfiguration {
  readonly limits: readonly EventLimit[]
}

const defaultCacheSize = 4096

/** Nobody floods the datastore with events. After plugin/pkg/admission/eventratelimit v1.36. Throws when misconfigured. */
export function eventRateLimit({ limits }: EventRateLimitConfiguration, nowMs: () => number): AdmissionPlugin {
  if (limits.length === 0) throw new ConfigurationError('limits: Invalid value: []: must not be empty')
  const buckets = limits.map((limit, index) => new Buckets(checked(limit, index), nowMs))
  return {
    name: 'EventRateLimit',
    handles: ['CREATE', 'UPDATE'],
    validate(attributes) {
      const { definition, dryRun } = attributes
      const isEvent = definition.plural === 'events' && ['', 'events.k8s.io'].includes(definition.group)
      if (!isEvent || dryRun) return
      const reached = buckets.map((each) => each.refusal(attributes)).filter((why) => why !== undefined)
      if (reached.length === 0) return
      const why = reached.length === 1 ? reached[0] : `[${reached.join(', ')}]`
      throw new StatusError({ code: 429, reason: 'TooManyRequests', message: `Too many requests: ${why}` })
    },
  }
}

function checked(limit: EventLimit, index: number): EventLimit {
  const refuse = (field: string, value: unknown, why: string) => {
    throw new ConfigurationError(`limits[${index}].${field}: Invalid value: ${JSON.stringify(value)}: ${why}`)
  }
  if (!Object.hasOwn(keys, limit.type)) refuse('type', limit.type, `must be one of ${Object.keys(keys).join(', ')}`)
  if (!(limit.burst > 0)) refuse('burst', limit.burst, 'must be positive')
  if (!(limit.qps > 0)) refuse('qps', limit.qps, 'must be positive')
  if ((limit.cacheSize ?? 0) < 0) refuse('cacheSize', limit.cacheSize, 'must not be negative')
  return limit
}

const keys: Readonly<Record<LimitType, (attributes: AdmissionAttributes) => string>> = {
  Server: () => '',
  Namespace: ({ namespace }) => namespace,
  User: ({ user }) => user.name,
  SourceAndObject: ({ object }) => {
    const event = object as Event & NewEvent
    const source = event.source ?? event.deprecatedSource ?? {}
    const about = event.involvedObject ?? event.regarding ?? {}
    const parts = [source.component, source.host, about.kind, about.namespace, about.name, about.uid, about.apiVersion]
    return parts.join('')
  },
}

interface Bucket {
  tokens: number
  filledMs: number
}

/** A bucket of tokens a key; the one used longest ago goes when there are too many. */
class Buckets {
  readonly #limit: EventLimit
  readonly #nowMs: () => number
  readonly #byKey = new Map<string, Bucket>()

  constructor(limit: EventLimit, nowMs: () => number) {
    this.#limit = limit
    this.#nowMs = nowMs
  }

  /** Takes a token, or says why there is none. */
  refusal(attributes: AdmissionAttributes): string | undefined {
    const { type } = this.#limit
    const key = keys[type](attributes)
    const bucket = this.#bucketOf(key)
    if (bucket.tokens < 1) return `limit reached on type ${type} for key ${key}`
    bucket.tokens -= 1
    return undefined
  }

  #bucketOf(key: string): Bucket {
    const { qps, burst, cacheSize } = this.#limit
    const nowMs = this.#nowMs()
    const bucket = this.#byKey.get(key) ?? { tokens: burst, filledMs: nowMs }
    bucket.tokens = Math.min(burst, bucket.tokens + ((nowMs - bucket.filledMs) / 1000) * qps)
    bucket.filledMs = nowMs
    // Put back at the end: a map's first key is the one used longest ago.
    this.#byKey.delete(key)
    this.#byKey.set(key, bucket)
    if (this.#byKey.size > (cacheSize || defaultCacheSize)) this.#byKey.delete(this.#byKey.keys().next().value!)
    return bucket
  }
}
