/** The forms that `format.named()` knows. After apiserver pkg/cel/library/format.go v1.36 and strfmt. */

import { labelKeyErrors, labelValueErrors, lengthError, patternError, subdomainErrors } from '../../label-syntax.ts'
import { parseDate } from '../time-values.ts'
import { parseRequestUri } from './go-url.ts'

export interface NamedFormat {
  readonly name: string
  /** What is wrong with a text, in upstream's words; empty where nothing is. */
  readonly errors: (text: string) => readonly string[]
  /** Of its regular expression, by which its cost is counted. */
  readonly patternSize: number
}

const labelMaxLength = 63

/** Names of objects: a prefix may end with the dash that the rest comes behind. */
const prefix = (rule: (text: string) => readonly string[]) => (text: string) =>
  rule(text.endsWith('-') ? `${text.slice(0, -1)}a` : text)

const labelRule = (pattern: string, rule: string, examples: readonly string[]) => {
  const form = new RegExp(`^${pattern}$`)
  return (text: string): readonly string[] => [
    ...(Buffer.byteLength(text) > labelMaxLength ? [lengthError(labelMaxLength)] : []),
    ...(form.test(text) ? [] : [patternError(rule, pattern, examples)]),
  ]
}

const dns1123Label = labelRule(
  '[a-z0-9]([-a-z0-9]*[a-z0-9])?',
  "a lowercase RFC 1123 label must consist of lower case alphanumeric characters or '-', and must start and end with " +
    'an alphanumeric character',
  ['my-name', '123-abc'],
)
const dns1035Label = labelRule(
  '[a-z]([-a-z0-9]*[a-z0-9])?',
  "a DNS-1035 label must consist of lower case alphanumeric characters or '-', start with an alphabetic character, " +
    'and end with an alphanumeric character',
  ['my-name', 'abc-123'],
)

const uuidPattern = '(?i)^[0-9a-f]{8}-?[0-9a-f]{4}-?[0-9a-f]{4}-?[0-9a-f]{4}-?[0-9a-f]{12}$'
const uuidForm = new RegExp(uuidPattern.replace('(?i)', ''), 'i')
const timePattern = '^([0-9]{2}):([0-9]{2}):([0-9]{2})(.[0-9]+)?(z|([+-][0-9]{2}:[0-9]{2}))$'
const timeForm = new RegExp(timePattern)
const base64Form = /^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=|[A-Za-z0-9+/]{4})$/
const byteFormPatternSize = 84
const uriPatternSize = 1103

/** `2006-01-02T15:04:05Z`, in either case, with or without a fraction. */
function isDateTime(text: string): boolean {
  const lower = text.toLowerCase()
  if (text.length < 4) return false
  const [date, time, ...more] = lower.split('t')
  if (time === undefined || more.length > 0 || parseDate(date!) === undefined) return false
  const match = timeForm.exec(time)
  return match !== null && Number(match[1]) <= 23 && Number(match[2]) <= 59 && Number(match[3]) <= 59
}

const shape = (is: (text: string) => boolean, error: string) => (text: string) => (is(text) ? [] : [error])

export const namedFormats: Readonly<Record<string, NamedFormat>> = {
  dns1123Label: { name: 'DNS1123Label', errors: dns1123Label, patternSize: 30 },
  dns1123Subdomain: { name: 'DNS1123Subdomain', errors: subdomainErrors, patternSize: 60 },
  dns1035Label: { name: 'DNS1035Label', errors: dns1035Label, patternSize: 30 },
  qualifiedName: { name: 'QualifiedName', errors: labelKeyErrors, patternSize: 60 },
  dns1123LabelPrefix: { name: 'DNS1123LabelPrefix', errors: prefix(dns1123Label), patternSize: 30 },
  dns1123SubdomainPrefix: { name: 'DNS1123SubdomainPrefix', errors: prefix(subdomainErrors), patternSize: 60 },
  dns1035LabelPrefix: { name: 'DNS1035LabelPrefix', errors: prefix(dns1035Label), patternSize: 30 },
  labelValue: { name: 'LabelValue', errors: labelValueErrors, patternSize: 40 },
  uri: { name: 'URI', errors: uriErrors, patternSize: uriPatternSize },
  uuid: {
    name: 'uuid',
    errors: shape((text) => uuidForm.test(text), 'does not match the UUID format'),
    patternSize: uuidPattern.length,
  },
  byte: {
    name: 'byte',
    errors: shape((text) => base64Form.test(text), 'invalid base64'),
    patternSize: byteFormPatternSize,
  },
  date: {
    name: 'date',
    errors: shape((text) => parseDate(text) !== undefined, 'invalid date'),
    patternSize: timePattern.length,
  },
  datetime: { name: 'datetime', errors: shape(isDateTime, 'invalid datetime'), patternSize: timePattern.length },
}

function uriErrors(text: string): readonly string[] {
  const url = parseRequestUri(text)
  return typeof url === 'string' ? [url] : []
}
