import { humanAge } from '../machinery/duration.ts'
import type { DeepReadonly, KubeObject } from '../machinery/object.ts'
import type { Column } from './resource-definition.ts'

/** What several kinds share in their tables. After pkg/printers/internalversion/printers.go, with wide options. */

type Cell<T> = (object: DeepReadonly<T>, nowMs: number) => string | number | boolean | null

export const nameColumn: Column = {
  name: 'Name',
  type: 'string',
  format: 'name',
  cell: (object) => object.metadata?.name ?? '',
}

export const ageColumn: Column = {
  name: 'Age',
  type: 'string',
  cell: (object, nowMs) => humanAge(object.metadata?.creationTimestamp, nowMs),
}

/** A column of text that is always shown. */
export function text<T extends KubeObject>(name: string, cell: Cell<T>): Column<T> {
  return { name, type: 'string', cell }
}

/** A column of whole numbers; a missing number prints as 0. */
export function integer<T extends KubeObject>(
  name: string,
  cell: (object: DeepReadonly<T>) => number | undefined,
): Column<T> {
  return { name, type: 'integer', cell: (object) => cell(object) ?? 0 }
}

/** A column of text shown with `-o wide` only. */
export function wide<T extends KubeObject>(name: string, cell: Cell<T>): Column<T> {
  return { name, type: 'string', priority: 1, cell }
}

interface NamedImage {
  readonly name?: string
  readonly image?: string
}

/** The Containers and Images columns of everything that has a Pod template. */
export function containerColumns<T extends KubeObject>(
  containersOf: (object: DeepReadonly<T>) => readonly NamedImage[] | undefined,
): Column<T>[] {
  const join = (object: DeepReadonly<T>, key: 'name' | 'image') =>
    (containersOf(object) ?? []).map((container) => container[key] ?? '').join(',')
  return [wide('Containers', (object) => join(object, 'name')), wide('Images', (object) => join(object, 'image'))]
}

/** `a=1,b=2` in the order of the keys; `<none>` for no labels. After apimachinery labels.FormatLabels. */
export function formatLabels(labels: Readonly<Record<string, string>> | undefined): string {
  const pairs = Object.entries(labels ?? {}).map(([key, value]) => `${key}=${value}`)
  return pairs.length === 0 ? '<none>' : pairs.sort().join(',')
}

interface Requirement {
  readonly key: string
  readonly operator: string
  readonly values?: readonly string[]
}

export interface LabelSelectorLike {
  readonly matchLabels?: Readonly<Record<string, string>>
  readonly matchExpressions?: readonly Requirement[]
}

/** A label selector in the form that query parameters have, requirements in the order of their keys. */
export function labelSelectorText(selector: LabelSelectorLike | undefined): string {
  const requirements = [
    ...Object.entries(selector?.matchLabels ?? {}).map(([key, value]) => ({ key, text: `${key}=${value}` })),
    ...(selector?.matchExpressions ?? []).map((requirement) => ({
      key: requirement.key,
      text: requirementText(requirement),
    })),
  ]
  requirements.sort((a, b) => (a.key < b.key ? -1 : a.key > b.key ? 1 : 0))
  return requirements.map(({ text }) => text).join(',')
}

function requirementText({ key, operator, values = [] }: Requirement): string {
  const set = `(${[...values].sort().join(',')})`
  switch (operator) {
    case 'In':
      return `${key} in ${set}`
    case 'NotIn':
      return `${key} notin ${set}`
    case 'DoesNotExist':
      return `!${key}`
    default:
      return key
  }
}

/** As `labelSelectorText`, but `<none>` where nothing is asked for. After metav1.FormatLabelSelector. */
export function formatLabelSelector(selector: LabelSelectorLike | undefined): string {
  return labelSelectorText(selector) || '<none>'
}

/** The first `shown` of a list, and how many more there are; `empty` for an empty list. */
export function listWithMore(all: readonly string[], shown: number, empty: string): string {
  const text = all.slice(0, shown).join(',')
  if (all.length > shown) return `${text} + ${all.length - shown} more...`
  return text === '' ? empty : text
}

/** The sorted, distinct addresses of a load balancer, joined. */
export function loadBalancerAddresses(
  ingress: readonly { readonly ip?: string; readonly hostname?: string }[] | undefined,
): string {
  const addresses = (ingress ?? []).map(({ ip, hostname }) => ip || hostname || '').filter((text) => text !== '')
  return [...new Set(addresses)].sort().join(',')
}

const accessModeNames: Readonly<Record<string, string>> = {
  ReadWriteOnce: 'RWO',
  ReadOnlyMany: 'ROX',
  ReadWriteMany: 'RWX',
  ReadWriteOncePod: 'RWOP',
}

/** `RWO,RWX`: the access modes of a volume, in upstream's order. */
export function accessModesText(modes: readonly string[] | undefined): string {
  return Object.entries(accessModeNames)
    .filter(([mode]) => modes?.includes(mode))
    .map(([, name]) => name)
    .join(',')
}
