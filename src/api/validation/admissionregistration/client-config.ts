import type { FieldError } from '../../../machinery/errors.ts'
import { invalidField, requiredField } from '../../../machinery/field-errors.ts'
import type { DeepReadonly } from '../../../machinery/object.ts'
import type { ServiceReference } from '../../types/admissionregistration/v1.ts'
import { portNumberErrors, subdomainNameErrors } from '../formats.ts'
import { parseGoUrl } from './go-url.ts'

const form = 'desired format: https://host[/path]'

/** Where a webhook is found by URL. After apiserver util/webhook ValidateWebhookURL v1.36. */
export function checkWebhookUrl(text: string, path: string, errors: FieldError[]): void {
  const url = parseGoUrl(text)
  if ('error' in url) return void errors.push(requiredField(path, `url must be a valid URL: ${url.error}; ${form}`))
  const { scheme, user, host, query, fragment } = url
  if (scheme !== 'https') {
    errors.push(invalidField(path, scheme, `'https' is the only allowed URL scheme; ${form}`))
  }
  if (host === '') errors.push(invalidField(path, host, `host must be specified; ${form}`))
  if (user !== undefined) errors.push(invalidField(path, user, 'user information is not permitted in the URL'))
  if (fragment !== '') errors.push(invalidField(path, fragment, 'fragments are not permitted in the URL'))
  if (query !== '') errors.push(invalidField(path, query, 'query parameters are not permitted in the URL'))
}

/** Where a webhook is found by Service. After apiserver util/webhook ValidateWebhookService v1.36. */
export function checkWebhookService(
  service: DeepReadonly<Partial<ServiceReference>>,
  path: string,
  errors: FieldError[],
): void {
  const { name = '', namespace = '', port = 0, path: urlPath = '' } = service
  if (name === '') errors.push(requiredField(`${path}.name`))
  if (namespace === '') errors.push(requiredField(`${path}.namespace`))
  const why = portNumberErrors(port)
  if (why.length > 0) errors.push(invalidField(`${path}.port`, port, `port is not valid: ${why.join(', ')}`))
  checkUrlPath(urlPath, `${path}.path`, errors)
}

function checkUrlPath(urlPath: string, path: string, errors: FieldError[]): void {
  if (urlPath === '' || urlPath === '/') return
  if (urlPath === '//') return void errors.push(invalidField(path, urlPath, 'segment[0] may not be empty'))
  if (!urlPath.startsWith('/')) errors.push(invalidField(path, urlPath, "must start with a '/'"))
  const segments = urlPath.slice(1).replace(/\/$/, '').split('/')
  for (const [index, segment] of segments.entries()) {
    const why = segment === '' ? [' may not be empty'] : subdomainNameErrors(segment).map((text) => `: ${text}`)
    for (const text of why) errors.push(invalidField(path, urlPath, `segment[${index}]${text}`))
  }
}
