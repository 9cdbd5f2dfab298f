import { Agent, request } from 'undici'

/** A server under test. */
export interface ReferenceTarget {
  readonly url: string
  /** The caller is known by a bearer token or by a client certificate (PEM). */
  readonly token?: string
  readonly certificate?: { readonly cert: string; readonly key: string }
}

const agentOptions = { connections: 8, bodyTimeout: 60_000 }

export interface ReferenceRequest {
  readonly method: string
  readonly path: string
  /** `null`: not sent, a list: sent once for each value. */
  readonly headers?: Readonly<Record<string, string | readonly string[] | null>>
  readonly body?: unknown
  /** Sent as it is. */
  readonly raw?: string | Uint8Array
  readonly anonymous?: boolean
}

export interface ReferenceAnswer {
  readonly status: number
  readonly headers: Readonly<Record<string, string | string[] | undefined>>
  readonly bytes: Buffer
}

/** Sends requests as they were recorded: no User-Agent, JSON unless a header says otherwise. */
export class ReferenceApi {
  readonly #target: ReferenceTarget
  #named = 0
  readonly #agent: Agent
  readonly #anonymous = new Agent({ ...agentOptions, connect: { rejectUnauthorized: false } })

  constructor(target: ReferenceTarget) {
    this.#target = target
    this.#agent = new Agent({ ...agentOptions, connect: { rejectUnauthorized: false, ...target.certificate } })
  }

  async send({ method, path, headers = {}, body, raw, anonymous }: ReferenceRequest): Promise<ReferenceAnswer> {
    const payload = raw ?? (body === undefined ? undefined : JSON.stringify(body))
    const sent: Record<string, string | string[]> = { accept: 'application/json' }
    if (payload !== undefined) sent['content-type'] = 'application/json'
    if (!anonymous && this.#target.token) sent.authorization = `Bearer ${this.#target.token}`
    for (const [name, value] of Object.entries(headers)) {
      if (value === null) delete sent[name.toLowerCase()]
      else sent[name.toLowerCase()] = typeof value === 'string' ? value : [...value]
    }
    // A credential of the request's own stands in place of the caller's.
    const isOther = anonymous || 'authorization' in lowerCased(headers)
    const response = await request(this.#target.url.replace(/\/$/, '') + path, {
      method: method as 'GET',
      headers: sent,
      body: payload ?? null,
      dispatcher: isOther ? this.#anonymous : this.#agent,
    })
    const bytes = Buffer.from(await response.body.arrayBuffer())
    return { status: response.statusCode, headers: response.headers, bytes }
  }

  /** A namespace name that no other case of this run uses. */
  freshName(): string {
    return `seq-${process.pid.toString(36)}x${(this.#named++).toString(36)}`
  }

  async close(): Promise<void> {
    await Promise.all([this.#agent.close(), this.#anonymous.close()])
  }
}

function lowerCased(headers: object): object {
  return Object.fromEntries(Object.entries(headers).map(([name, value]) => [name.toLowerCase(), value]))
}

/** The JSON of an answer; what is no JSON is answered as text, for the comparison to show. */
export function jsonOf({ bytes }: ReferenceAnswer): unknown {
  const text = bytes.toString()
  try {
    return JSON.parse(text)
  } catch (error) {
    if (error instanceof SyntaxError) return text
    throw error
  }
}

/** The text of one recorded warning, which may be a whole header, `299 - "text"`, or still quoted as in one. */
export function warningText(recorded: string): string {
  return (/^299 - "(.*)"$/s.exec(recorded)?.[1] ?? recorded).replace(/\\(["\\])/g, '$1')
}

/** The texts of the Warning headers: `299 - "text"`. */
export function warningsOf({ headers }: ReferenceAnswer): string[] {
  const values = [headers.warning ?? []].flat()
  return values.flatMap((value) =>
    [...value.matchAll(/299 - "((?:[^"\\]|\\.)*)"/g)].map(([, text]) => text!.replace(/\\(.)/g, '$1')),
  )
}
