import { SelectorError } from './selectors.ts'

/** What fields an object must have. After apimachinery fields/selector.go v1.36. */
export interface FieldRequirement {
  readonly field: string
  readonly operator: '=' | '!='
  readonly value: string
}

/** The requirements of `metadata.name=a,status.phase!=Failed`, sorted. Throws SelectorError with upstream's words. */
export function parseFieldSelector(text: string): FieldRequirement[] {
  return splitTerms(text)
    .sort()
    .map((term) => parseTerm(term, text))
}

/** Whether `fieldValue(field)` is as every requirement says. */
export function matchesFields(
  requirements: readonly FieldRequirement[],
  fieldValue: (field: string) => string,
): boolean {
  return requirements.every(({ field, operator, value }) => (fieldValue(field) === value) === (operator === '='))
}

export function formatFieldSelector(requirements: readonly FieldRequirement[]): string {
  return requirements
    .map(({ field, operator, value }) => `${field}${operator}${value.replace(/[\\,=]/g, '\\$&')}`)
    .join(',')
}

/** At commas that no backslash stands before. */
function splitTerms(text: string): string[] {
  return text.match(/(?:\\[\s\S]?|[^,\\])+/g) ?? []
}

function parseTerm(term: string, selector: string): FieldRequirement {
  const parts = /^([\s\S]*?)(!=|==|=)([\s\S]*)$/.exec(term)
  if (parts === null) throw new SelectorError(`invalid selector: '${selector}'; can't understand '${term}'`)
  const [, field, operator, value] = parts
  return { field: field!, operator: operator === '!=' ? '!=' : '=', value: unescapeValue(value!) }
}

function unescapeValue(value: string): string {
  return value.replace(/\\([\s\S]?)|[,=]/g, (sequence, escaped: string | undefined) => {
    if (escaped === undefined)
      throw new SelectorError(`invalid field selector: unescaped character in value: ${sequence.codePointAt(0)}`)
    if (!/^[\\,=]$/.test(escaped))
      throw new SelectorError(`invalid field selector: invalid escape sequence: ${sequence}`)
    return escaped
  })
}
