/** URLs. After apiserver pkg/cel/library/urls.go v1.36. */

import { type FunctionDeclaration, globalFunction, memberFunction } from '../declarations.ts'
import { boolType, type CelType, listType, mapType, receiverType, stringType } from '../types.ts'
import { noSuchOverload } from '../value-types.ts'
import { type CelValue, Failure, Opaque, ValueList, ValueMap } from '../values.ts'
import { escapedPathOf, hostnameOf, parseRequestUri, parseUrl, portOf, queryValuesOf, type Url } from './go-url.ts'

export const urlType = receiverType('kubernetes.URL')

class UrlValue extends Opaque {
  readonly type: CelType = urlType
  readonly url: Url

  constructor(url: Url) {
    super()
    this.url = url
  }

  equals(other: CelValue): boolean | Failure {
    return other instanceof UrlValue ? this.url.text === other.url.text : noSuchOverload
  }

  toString(): string {
    return this.url.text
  }
}

export const urlFunctions: readonly FunctionDeclaration[] = [
  globalFunction('url', 'string_to_url', { arguments: [stringType], result: urlType, apply: parse }),
  globalFunction('isURL', 'is_url_string', {
    arguments: [stringType],
    result: boolType,
    apply: (text) => (typeof text === 'string' ? typeof parseRequestUri(text) !== 'string' : noSuchOverload),
  }),
  accessor('getScheme', 'url_get_scheme', ({ scheme }) => scheme),
  accessor('getHost', 'url_get_host', ({ host }) => host),
  accessor('getHostname', 'url_get_hostname', hostnameOf),
  accessor('getPort', 'url_get_port', portOf),
  accessor('getEscapedPath', 'url_get_escaped_path', escapedPathOf),
  memberFunction('getQuery', 'url_get_query', {
    arguments: [urlType],
    result: mapType(stringType, listType(stringType)),
    apply: (value) => {
      if (!(value instanceof UrlValue)) return noSuchOverload
      return ValueMap.of([...queryValuesOf(value.url)].map(([name, values]) => [name, new ValueList(values)]))
    },
  }),
]

function parse(text?: CelValue): CelValue {
  if (typeof text !== 'string') return noSuchOverload
  const strict = parseRequestUri(text)
  // Read twice, as upstream does: only the second way knows fragments.
  const url = typeof strict === 'string' ? strict : parseUrl(text)
  if (typeof url === 'string') return new Failure(`URL parse error during conversion from string: ${url}`)
  return new UrlValue(url)
}

function accessor(name: string, id: string, of: (url: Url) => string): FunctionDeclaration {
  const apply = (value?: CelValue) => (value instanceof UrlValue ? of(value.url) : noSuchOverload)
  return memberFunction(name, id, { arguments: [urlType], result: stringType, apply })
}
