import https from 'node:https'
import { createLocalJWKSet, errors, type JSONWebKeySet, type JWTVerifyGetKey } from 'jose'
import type { Clock } from '../../../platform/clock.ts'
import { readAnswer } from '../../aggregation/read-answer.ts'
import { connectionErrorText } from '../../webhook/connection-error.ts'
import type { JwtIssuer } from './configuration.ts'

const configurationPath = '/.well-known/openid-configuration'
const requestTimeoutMs = 30_000
const maxDocumentBytes = 1024 * 1024
/** How soon an issuer that did not answer is asked again, and how often keys are fetched that nobody knew. */
const retryMs = 10_000

/** The issuer could not be asked for its keys. */
export class KeySetError extends Error {}

/** The keys of an issuer: found through its discovery document, and fetched again when a token names one unknown. */
export class KeySet {
  readonly #issuer: JwtIssuer
  readonly #clock: Clock
  #keysUrl: string | undefined
  #keys: ReturnType<typeof createLocalJWKSet> | undefined
  #fetching: Promise<void> | undefined
  #fetchedAtMs = Number.NEGATIVE_INFINITY
  #failure: Error | undefined

  constructor(issuer: JwtIssuer, clock: Clock) {
    this.#issuer = issuer
    this.#clock = clock
  }

  /** For jose's verification. Throws a KeySetError while the issuer has not been reached. */
  readonly keyFor: JWTVerifyGetKey = async (header, token) => {
    if (!this.#keys) await this.#fetch()
    if (!this.#keys) throw new KeySetError('oidc: authenticator not initialized', { cause: this.#failure })
    try {
      return await this.#keys(header, token)
    } catch (error) {
      if (!(error instanceof errors.JWKSNoMatchingKey)) throw error
      await this.#fetch()
      return this.#keys(header, token)
    }
  }

  /** One at a time, and not too often: whoever sends tokens of made-up keys must not load the issuer. */
  #fetch(): Promise<void> {
    if (this.#clock.monotonicMs() - this.#fetchedAtMs < retryMs) return this.#fetching ?? Promise.resolve()
    this.#fetchedAtMs = this.#clock.monotonicMs()
    this.#fetching = this.#fetchNow().then(
      () => {
        this.#failure = undefined
      },
      (error: unknown) => {
        this.#failure = error instanceof Error ? error : new Error(String(error))
      },
    )
    return this.#fetching
  }

  async #fetchNow(): Promise<void> {
    this.#keysUrl ??= await this.#discover()
    this.#keys = createLocalJWKSet((await this.#get(this.#keysUrl)) as JSONWebKeySet)
  }

  async #discover(): Promise<string> {
    const { url, discoveryUrl } = this.#issuer
    const found = (await this.#get(discoveryUrl ?? `${url.replace(/\/$/, '')}${configurationPath}`)) as {
      issuer?: string
      jwks_uri?: string
    }
    if (found.issuer !== url) {
      const [want, got] = [JSON.stringify(url), JSON.stringify(found.issuer ?? '')]
      throw new KeySetError(`oidc: issuer did not match the issuer returned by provider, expected ${want} got ${got}`)
    }
    if (!found.jwks_uri) throw new KeySetError('provider did not return JWKS URL')
    return found.jwks_uri
  }

  #get(url: string): Promise<unknown> {
    const { certificateAuthority } = this.#issuer
    return new Promise((resolve, reject) => {
      const options = certificateAuthority === undefined ? {} : { ca: certificateAuthority }
      const request = https.get(url, { ...options, headers: { accept: 'application/json' } }, (answer) => {
        if (answer.statusCode !== 200) {
          answer.resume()
          reject(new KeySetError(`${url}: ${answer.statusCode} ${answer.statusMessage}`))
          return
        }
        readAnswer(answer, maxDocumentBytes)
          .then((body) => JSON.parse(body.toString()) as unknown)
          .then(resolve, reject)
      })
      const late = () => request.destroy(new Error('context deadline exceeded'))
      const timer = this.#clock.setTimer(requestTimeoutMs, late)
      request.once('close', () => timer.cancel())
      request.on('error', (error) =>
        reject(new KeySetError(`Get "${url}": ${connectionErrorText(error)}`, { cause: error })),
      )
    })
  }
}
