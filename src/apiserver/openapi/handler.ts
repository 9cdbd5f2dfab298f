import { notAcceptable } from '../../machinery/errors.ts'
import type { Answer, Handler, Headers } from '../request.ts'
import type { OpenApi, OpenApiBytes } from './openapi.ts'

const v2Protobuf = 'application/com.github.proto-openapi.spec.v2.v1.0+protobuf'
/** What most clients ask for. It is no proper media type, so answers never have it: Go's clients could not read them. */
const v2ProtobufDeprecated = 'application/com.github.proto-openapi.spec.v2@v1.0+protobuf'
const json = 'application/json'
/** Upstream does not say that the index of v3 is JSON. */
const plainText = 'text/plain; charset=utf-8'

/** Serves `/openapi/v2`, `/openapi/v3` and what stands below it. Unknown documents are 404 without a body. */
export function openApiHandler(openApi: OpenApi): Handler {
  return async ({ path, query, headers }) => {
    if (path === '/openapi/v2') return answerV2(openApi, headers)
    if (path === '/openapi/v3' || path === '/openapi/v3/') return answer(openApi.v3Index(), plainText, headers)
    const document = openApi.v3(path.slice('/openapi/v3/'.length))
    if (document === undefined) return notFound
    const hash = query.get('hash')
    if (hash !== null && hash !== document.hash) return redirect(`${path}?hash=${document.hash}`)
    return answer(document, json, headers, hash === null ? {} : cacheForever)
  }
}

function answerV2(openApi: OpenApi, headers: Headers): Answer {
  const accepted = acceptedTypes(headers)
  for (const type of accepted) {
    if (type === v2Protobuf || type === v2ProtobufDeprecated) return answer(openApi.v2Protobuf(), v2Protobuf, headers)
    if (type === json || type === '*/*' || type === 'application/*') return answer(openApi.v2(), json, headers)
  }
  if (accepted.length === 0) return answer(openApi.v2(), json, headers)
  throw notAcceptable([json, v2Protobuf])
}

/** The media types of Accept in the client's order, without parameters. */
function acceptedTypes(headers: Headers): string[] {
  return headers
    .all('accept')
    .flatMap((line) => line.split(','))
    .map((type) => type.split(';', 1)[0]!.trim())
    .filter((type) => type !== '')
}

/** A document named by its hash never changes. */
const cacheForever = { 'cache-control': 'public, immutable', vary: 'Accept' }

function answer(bytes: OpenApiBytes, contentType: string, headers: Headers, more: Record<string, string> = {}): Answer {
  const etag = `"${bytes.hash}"`
  const common = { etag, vary: 'Accept', ...more }
  if (headers.get('if-none-match') === etag) return { kind: 'bytes', status: 304, headers: common, body: '' }
  return { kind: 'bytes', status: 200, headers: { ...common, 'content-type': contentType }, body: bytes.body }
}

function redirect(location: string): Answer {
  return { kind: 'bytes', status: 301, headers: { location }, body: '' }
}

const notFound: Answer = { kind: 'bytes', status: 404, headers: {}, body: '' }
