import { labelSelectorText } from '../../api/printing.ts'

/** Fields by a path such as `spec.replicas`, or `.spec.replicas` as CustomResourceDefinitions write it. */

type Fields = Record<string, unknown>

const namesOf = (path: string) => path.split('.').filter((name) => name !== '')

/** The value at the path, or undefined where the way ends early. */
export function readPath(object: object, path: string): unknown {
  let value: unknown = object
  for (const name of namesOf(path)) {
    if (typeof value !== 'object' || value === null) return undefined
    value = (value as Fields)[name]
  }
  return value
}

/** Sets the value at the path, making what is missing on the way. */
export function writePath(object: object, path: string, value: unknown): void {
  const names = namesOf(path)
  const last = names.pop()!
  let fields = object as Fields
  for (const name of names) {
    if (typeof fields[name] !== 'object' || fields[name] === null) fields[name] = {}
    fields = fields[name] as Fields
  }
  fields[last] = value
}

/** A selector in the form of query parameters, whether it is a text, a LabelSelector or a map of labels. */
export function selectorText(selector: unknown): string | undefined {
  if (typeof selector === 'string' || selector === undefined || selector === null) return selector ?? undefined
  const terms = selector as Fields
  const isLabelSelector = 'matchLabels' in terms || 'matchExpressions' in terms
  return labelSelectorText(isLabelSelector ? terms : { matchLabels: terms as Record<string, string> })
}
