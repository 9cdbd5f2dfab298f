import assert from 'node:assert/strict'
import fc from 'fast-check'
import { builtInResources } from '../../src/api/all.ts'
import type { ResourceDefinition } from '../../src/api/resource-definition.ts'
import { decodeValue } from '../../src/machinery/decode.ts'
import { apiVersionOf } from '../../src/machinery/object.ts'
import { encodeProtobuf } from '../../src/machinery/protobuf/envelope.ts'
import { formatYaml } from '../../src/machinery/yaml.ts'
import { readCases, readJson } from '../reference/fixtures.ts'
import type { DefaultingCase, ValidationCase } from '../reference/object-cases.ts'
import { customDefinition, customRequests } from './custom.ts'
import type { Fuzz } from './fuzz.ts'
import { parameters } from './languages.ts'
import { mutatedBytes, mutatedText } from './mutations.ts'
import { type JsonObject, words } from './objects.ts'
import { createFuzzServer, type FuzzServer, type Received, type SentRequest } from './server.ts'

/** A request that is known to make sense, or nearly: recorded ones, which others are made of. */
interface Seed {
  readonly method: string
  readonly path: string
  readonly body: JsonObject
  readonly contentType: string
  readonly definition: ResourceDefinition | undefined
}

function seeds(): Seed[] {
  const creates = readCases<DefaultingCase>('defaulting').map((each) => ({ ...each, method: 'POST' }))
  // The recorded cases are many, and custom objects are read and kept by other means.
  const custom = Array.from({ length: 20 }, () => customRequests).flat()
  return [...creates, ...readCases<ValidationCase>('validation'), ...custom].map(seedOf)
}

/** Objects that send the server elsewhere, or change what it serves, are never really made. */
const staysDry = /webhookconfigurations|apiservices|customresourcedefinitions|admissionpolic/

function seedOf(given: { method: string; path: string; request: unknown; contentType?: string }): Seed {
  const [path = '', query] = given.path.split('?')
  const body = (given.request ?? {}) as JsonObject
  return {
    method: given.method,
    path: staysDry.test(path) ? `${path}?${query ?? 'dryRun=All'}` : path,
    body,
    contentType: given.contentType ?? 'application/json',
    definition: builtInResources.find(
      (definition) => definition.kind === body.kind && apiVersionOf(definition) === body.apiVersion,
    ),
  }
}

const mediaTypes = fc.constantFrom(
  ...[
    'application/json',
    'application/yaml',
    'application/vnd.kubernetes.protobuf',
    'application/cbor',
    'text/plain',
    '',
  ],
  ...['application/json-patch+json', 'application/merge-patch+json', 'application/strategic-merge-patch+json'],
  ...['application/apply-patch+yaml', 'application/apply-patch+cbor', 'constructor', '__proto__', 'application/json;x'],
)
const accepts = fc.constantFrom(
  ...[
    'application/json',
    'application/yaml',
    'application/vnd.kubernetes.protobuf',
    '*/*',
    'constructor/x',
    'text/plain',
  ],
  ...['application/json;as=Table;g=meta.k8s.io;v=v1', 'application/json;as=PartialObjectMetadata;g=meta.k8s.io;v=v1'],
  ...['application/json;as=constructor;g=meta.k8s.io;v=v1', 'application/json;stream=watch', 'application/cbor', ''],
)

const jwt = (...parts: object[]) =>
  [...parts.map((part) => Buffer.from(JSON.stringify(part)).toString('base64url')), 'c2ln'].join('.')

/** Who asks, for whom, and how. */
const headers = fc.dictionary(
  fc.constantFrom(
    ...['authorization', 'impersonate-user', 'impersonate-group', 'impersonate-uid', 'impersonate-extra-a%2fb'],
    ...['impersonate-extra-%zz', 'impersonate-extra-__proto__', 'x-remote-user', 'x-remote-extra-constructor'],
    ...['user-agent', 'accept-encoding', 'audit-id', 'content-encoding', 'if-none-match', 'traceparent'],
  ),
  fc.oneof(
    words.map((word) => Buffer.from(word.toWellFormed()).toString('latin1')),
    fc.constantFrom(
      ...['Bearer x', 'Bearer', 'Basic eDp5', `Bearer ${jwt({ alg: '__proto__' }, {})}`, 'system:masters', 'gzip', 'é'],
      ...[
        `Bearer ${jwt({ alg: 'ES256', kid: 'x' }, { iss: 'https://kubernetes.default.svc.cluster.local', exp: 'x' })}`,
      ],
      ...['Bearer abcdef.0123456789abcdef', 'system:serviceaccount:a:b', 'system:node:a', 'system:anonymous'],
    ),
  ),
  { maxKeys: 3 },
)

/** The value with one of its members, however deep, in the place of another or with another value. */
function edited(value: JsonObject): fc.Arbitrary<JsonObject> {
  const odd = fc.oneof(fc.jsonValue({ maxDepth: 2 }), words, fc.constantFrom(null, [], {}, -1, '', [null], 2 ** 53))
  return fc.array(fc.tuple(fc.nat(), odd), { maxLength: 2 }).map((edits) => {
    const copy = structuredClone(value)
    for (const [place, member] of edits) {
      const places = placesIn(copy)
      const [holder, name] = places[place % places.length] ?? [copy, 'spec']
      holder[name] = structuredClone(member)
    }
    return copy
  })
}

function placesIn(value: JsonObject): [JsonObject, string][] {
  return Object.entries(value).flatMap(([name, member]) => [
    [value, name] as [JsonObject, string],
    ...(typeof member === 'object' && member !== null ? placesIn(member as JsonObject) : []),
  ])
}

type Encoded = Pick<SentRequest, 'headers' | 'body'>

/** The body in one of the encodings there are, whole or broken. */
function encodings(seed: Seed): fc.Arbitrary<Encoded> {
  const body = edited(seed.body)
  const json = body.map((value) => JSON.stringify(value))
  const typed = (contentType: string) => (text: string | Uint8Array) => ({
    headers: { 'content-type': contentType },
    body: text,
  })
  return fc.oneof(
    { weight: 6, arbitrary: json.map(typed(seed.contentType)) },
    { weight: 1, arbitrary: mutatedText(json).map(typed(seed.contentType)) },
    { weight: 1, arbitrary: fc.tuple(mediaTypes, json).map(([type, text]) => typed(type)(text)) },
    { weight: 1, arbitrary: body.map((value) => formatYaml(value)).map(typed('application/yaml')) },
    { weight: 1, arbitrary: mutatedText(json.map((text) => text)).map(typed('application/yaml')) },
    { weight: 2, arbitrary: protobufBodies(seed).map(typed('application/vnd.kubernetes.protobuf')) },
    { weight: 1, arbitrary: fc.constant({ headers: {} }) },
  )
}

function protobufBodies({ definition, body }: Seed): fc.Arbitrary<Uint8Array> {
  const whole = fc.constant(definition ? protobufOf(definition, body) : Buffer.from('k8s\0'))
  return fc.oneof(whole, mutatedBytes(whole))
}

/** Cases that are wrong in their types have no form in protobuf; what there is of them will do. */
function protobufOf({ schema }: ResourceDefinition, { kind, apiVersion, metadata }: JsonObject): Uint8Array {
  const named = { metadata: { name: String((metadata as JsonObject | undefined)?.name ?? 'a') } }
  const { object } = decodeValue(named, schema)
  return encodeProtobuf({ ...object, kind: String(kind), apiVersion: String(apiVersion) }, schema)
}

function requestsOf(seed: Seed): fc.Arbitrary<SentRequest> {
  const name = (seed.body.metadata as JsonObject | undefined)?.name
  const [path = '', query = ''] = seed.path.split('?')
  const one =
    seed.method === 'POST' && typeof name === 'string' ? `${path}/${encodeURIComponent(name.toWellFormed())}` : path
  const targets = fc.oneof(
    { weight: 6, arbitrary: fc.constant([seed.method, path]) },
    { weight: 3, arbitrary: fc.tuple(fc.constantFrom('GET', 'PUT', 'PATCH', 'DELETE', 'HEAD'), fc.constant(one)) },
    { weight: 2, arbitrary: fc.tuple(fc.constantFrom('GET', 'DELETE', 'OPTIONS', '__proto__'), fc.constant(path)) },
    {
      weight: 2,
      arbitrary: fc.tuple(
        fc.constantFrom('GET', 'PUT', 'PATCH', 'POST', 'DELETE'),
        fc
          .constantFrom(
            'status',
            'scale',
            'approval',
            'eviction',
            'binding',
            'token',
            'constructor',
            'finalize',
            'resize',
          )
          .map((subresource) => `${one}/${subresource}`),
      ),
    },
    { weight: 1, arbitrary: fc.tuple(fc.constant(seed.method), mutatedText(fc.constant(path))) },
  )
  const options = fc.oneof({ weight: 3, arbitrary: fc.constant([]) }, { weight: 1, arbitrary: parameters })
  const accept = fc.oneof({ weight: 3, arbitrary: fc.constant('application/json') }, { weight: 1, arbitrary: accepts })
  const more = fc.oneof({ weight: 5, arbitrary: fc.constant({}) }, { weight: 1, arbitrary: headers })
  const anonymous = fc.oneof({ weight: 15, arbitrary: fc.constant(false) }, { weight: 1, arbitrary: fc.constant(true) })
  return fc.record({ target: targets, options, accept, encoded: encodings(seed), more, anonymous }).map((given) => {
    const { target, encoded } = given
    const all = new URLSearchParams([...new URLSearchParams(query), ...given.options]).toString()
    return {
      method: target[0]!,
      url: all === '' ? target[1]! : `${target[1]}?${all}`,
      headers: { accept: given.accept, ...encoded.headers, ...given.more },
      anonymous: given.anonymous,
      ...(encoded.body !== undefined && target[0] !== 'GET' && { body: encoded.body }),
    }
  })
}

/** What the recorded requests refer to. */
function setup(): SentRequest[] {
  const definition = {
    method: 'POST',
    path: '/apis/apiextensions.k8s.io/v1/customresourcedefinitions',
    body: customDefinition,
  }
  const given = [...readJson<Recorded[]>('setup'), ...readJson<Recorded[]>('setup-updates'), definition]
  return given.map(({ method, path, body }) => ({
    method,
    url: path,
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(body),
  }))
}

interface Recorded {
  readonly method: string
  readonly path: string
  readonly body?: unknown
}

const reading: ReadonlySet<string> = new Set(['GET', 'HEAD', 'OPTIONS'])

/** What holds of every request: nothing unforeseen, and no change by what is refused or only asks. */
async function check(server: FuzzServer, request: SentRequest): Promise<void> {
  const received = await server.send(request)
  assert.deepEqual(server.errors(), [])
  assert.ok(isDeclared(received), `${received.status} ${received.body}`)
  const changesNothing = received.status >= 400 || reading.has(request.method) || isDry(request)
  // A collection goes object by object, as upstream does it: what is refused in the middle has begun.
  const isCollection = request.method === 'DELETE'
  if (changesNothing && !isCollection) assert.deepEqual(received.changed, [], `${received.status} ${received.body}`)
}

function isDry({ url }: SentRequest): boolean {
  return new URLSearchParams(url.split('?')[1] ?? '').getAll('dryRun').includes('All')
}

/** In whatever encoding the answer is, its reason stands there as text. */
function isDeclared({ status, body }: Received): boolean {
  if (status < 100) return false
  return status < 500 || !body.includes('InternalError') || upstreamsOwn.test(body)
}

/** Upstream takes this for a failure of its own, though clients bring it about. */
const upstreamsOwn = /Internal error occurred: failed to allocate/

/** Sequences of requests about one resource, each from the same state. The server is made when it is first needed. */
function requestsFuzz(): Fuzz {
  const made = seeds().map(requestsOf)
  const sequences = fc.oneof(...made.map((requests) => fc.array(requests, { minLength: 1, maxLength: 4 })))
  let server: Promise<FuzzServer> | undefined
  const property = fc.asyncProperty(sequences, async (sequence) => {
    server ??= createFuzzServer(setup())
    const running = await server
    try {
      for (const request of sequence) await check(running, request)
    } finally {
      await running.restore()
      running.errors()
    }
  })
  const close = async () => (await server)?.close()
  return { name: 'a request is answered or refused', share: 10, property, close }
}

export const requestFuzz: readonly Fuzz[] = [requestsFuzz()]
