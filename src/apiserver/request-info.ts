import { badRequest } from '../machinery/errors.ts'
import type { RequestInfo } from './request.ts'

/** The second word of a path with a verb in front: `/api/v1/watch/pods`. */
const specialVerbs: ReadonlySet<string> = new Set(['proxy', 'watch'])

/** Parts after a namespace's name that are subresources of it and not resources within it. */
const namespaceSubresources: ReadonlySet<string> = new Set(['status', 'finalize'])

/** A map, since HTTP/2 lets a client call its method `constructor`. */
const verbOfMethod: ReadonlyMap<string, string> = new Map([
  ['POST', 'create'],
  ['GET', 'get'],
  ['HEAD', 'get'],
  ['PUT', 'update'],
  ['PATCH', 'patch'],
  ['DELETE', 'delete'],
])

/** The part of a query this module looks at. */
export interface RequestQuery {
  get(name: string): string | null
}

interface Location {
  readonly group: string
  readonly version: string
  /** What follows the version. Never empty. */
  readonly parts: readonly string[]
}

/**
 * What `method` and `path` (without its query) ask for. Throws a 400 where the path or its escapes make no sense.
 * After apiserver endpoints/request/requestinfo.go v1.36.
 */
export function parseRequestInfo(method: string, path: string, query: RequestQuery): RequestInfo {
  const parts = splitPath(path)
  const location = locate(parts)
  if (!location) return nonResource(method, decode(path))
  return resourceInfo(method, path, location, query)
}

function splitPath(path: string): string[] {
  let start = 0
  let end = path.length
  while (start < end && path.charCodeAt(start) === 47) start++
  while (end > start && path.charCodeAt(end - 1) === 47) end--
  if (start === end) return []
  return path.slice(start, end).split('/')
}

/** Undefined for paths that are no resource's: fewer parts than a version and a resource need, or another prefix. */
function locate(parts: readonly string[]): Location | undefined {
  if (parts[0] === 'api' && parts.length >= 3) return { group: '', version: parts[1]!, parts: parts.slice(2) }
  if (parts[0] === 'apis' && parts.length >= 4) return { group: parts[1]!, version: parts[2]!, parts: parts.slice(3) }
  return undefined
}

function nonResource(method: string, path: string): RequestInfo {
  return {
    isResourceRequest: false,
    path,
    verb: method.toLowerCase(),
    group: '',
    version: '',
    namespace: '',
    resource: '',
    subresource: '',
    name: '',
    trailingPath: '',
  }
}

function resourceInfo(method: string, path: string, location: Location, query: RequestQuery): RequestInfo {
  let { parts } = location
  let verb = verbOfMethod.get(method) ?? ''
  if (specialVerbs.has(parts[0]!)) {
    if (parts.length < 2) throw badRequest(`unable to determine kind and namespace from url, ${path}`)
    verb = parts[0]!
    parts = parts.slice(1)
  }
  let namespace = ''
  if (parts[0] === 'namespaces' && parts.length > 1) {
    namespace = decode(parts[1]!)
    if (parts.length > 2 && !namespaceSubresources.has(parts[2]!)) parts = parts.slice(2)
  }
  const hasSubresource = parts.length >= 3 && verb !== 'proxy'
  let name = parts.length >= 2 ? decode(parts[1]!) : ''
  if (name === '' && verb === 'get') {
    verb = isWatch(query.get('watch')) ? 'watch' : 'list'
    name = nameInFieldSelector(query.get('fieldSelector'))
  } else if (name === '' && verb === 'delete') {
    verb = 'deletecollection'
  } else if (verb === 'watch' && name === '') {
    name = nameInFieldSelector(query.get('fieldSelector'))
  }
  return {
    isResourceRequest: true,
    path: decode(path),
    verb,
    group: location.group,
    version: location.version,
    namespace,
    resource: parts[0]!,
    subresource: hasSubresource ? parts[2]! : '',
    name,
    trailingPath: parts.length > 3 ? parts.slice(3).join('/') : '',
  }
}

/** Any value but these means true, the empty one included: `?watch`. After conversion.Convert_Slice_string_To_bool. */
function isWatch(value: string | null): boolean {
  return value !== null && value !== '0' && value.toLowerCase() !== 'false'
}

/** A list narrowed to one name is authorized as that name, so that a grant by resourceNames is enough. */
function nameInFieldSelector(selector: string | null): string {
  if (!selector) return ''
  for (const requirement of selector.split(',')) {
    const match = /^metadata\.name==?([^=!].*)$/.exec(requirement)
    if (match && isPathSegment(match[1]!)) return match[1]!
  }
  return ''
}

function isPathSegment(name: string): boolean {
  return name !== '.' && name !== '..' && !/[/%]/.test(name)
}

function decode(text: string): string {
  if (!text.includes('%')) return text
  try {
    return decodeURIComponent(text)
  } catch (error) {
    if (!(error instanceof URIError)) throw error
    throw badRequest(`invalid URL escape in ${JSON.stringify(text)}`)
  }
}
