import type { CustomResourceDefinition, CustomResourceDefinitionNames } from '../../../api/types/apiextensions/v1.ts'
import { aggregateMessage } from '../../../machinery/aggregate.ts'
import type { DeepReadonly } from '../../../machinery/object.ts'
import type { NewCondition } from '../conditions.ts'

type Definition = DeepReadonly<CustomResourceDefinition>
type Names = DeepReadonly<CustomResourceDefinitionNames>

/** Names that definitions of a group have been given. */
export interface ClaimedNames {
  readonly resources: ReadonlySet<string>
  readonly kinds: ReadonlySet<string>
}

export interface Naming {
  readonly acceptedNames: Names
  readonly condition: NewCondition
}

/** The names that definitions of `group` hold already, those of the one in question included. */
export function claimedNames(definitions: readonly Definition[], group: string): ClaimedNames {
  const accepted = definitions
    .filter(({ spec }) => spec.group === group)
    .map(({ status }) => status?.acceptedNames)
    .filter((names) => names !== undefined)
  return {
    resources: new Set(
      accepted.flatMap(({ plural, singular = '', shortNames }) => [plural, singular, ...(shortNames ?? [])]),
    ),
    kinds: new Set(accepted.flatMap(({ kind, listKind = '' }) => [kind, listKind])),
  }
}

/**
 * Which of the wanted names a definition gets: each one that nobody else of its group has; the last conflict is
 * reported. After apiextensions-apiserver controller/status naming_controller.go v1.36.
 */
export function acceptNames({ spec, status }: Definition, claimed: ClaimedNames): Naming {
  const wanted = spec.names
  const old: Names = status?.acceptedNames ?? { plural: '', kind: '' }
  const conflicts: NewCondition[] = []
  const accept = (name: string | undefined, had: string | undefined, used: ReadonlySet<string>, reason: string) => {
    const isFree = (name ?? '') === (had ?? '') || !used.has(name ?? '')
    if (!isFree) conflicts.push(conflict(reason, inUse(name ?? '')))
    return isFree ? name : had
  }
  const plural = accept(wanted.plural, old.plural, claimed.resources, 'PluralConflict')!
  const singular = accept(wanted.singular, old.singular, claimed.resources, 'SingularConflict')
  const shortNames = acceptShortNames(wanted, old, claimed, conflicts)
  const kind = accept(wanted.kind, old.kind, claimed.kinds, 'KindConflict')!
  const listKind = accept(wanted.listKind, old.listKind, claimed.kinds, 'ListKindConflict')
  const acceptedNames = {
    plural,
    ...(singular !== undefined && { singular }),
    ...(shortNames && { shortNames }),
    kind,
    ...(listKind !== undefined && { listKind }),
    ...(wanted.categories && { categories: wanted.categories }),
  }
  return { acceptedNames, condition: conflicts.at(-1) ?? noConflicts }
}

const noConflicts: NewCondition = {
  type: 'NamesAccepted',
  status: 'True',
  reason: 'NoConflicts',
  message: 'no conflicts found',
}

/** Short names are given all together or not at all. */
function acceptShortNames(wanted: Names, old: Names, claimed: ClaimedNames, conflicts: NewCondition[]) {
  const taken = (wanted.shortNames ?? []).filter(
    (name) => !old.shortNames?.includes(name) && name !== '' && claimed.resources.has(name),
  )
  if (taken.length === 0) return wanted.shortNames
  conflicts.push(conflict('ShortNamesConflict', aggregateMessage(taken.map(inUse))))
  return old.shortNames
}

function conflict(reason: string, message: string): NewCondition {
  return { type: 'NamesAccepted', status: 'False', reason, message }
}

function inUse(name: string): string {
  return `${JSON.stringify(name)} is already in use`
}
