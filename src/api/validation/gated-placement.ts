import { isDeepStrictEqual } from 'node:util'
import type { FieldError } from '../../machinery/errors.ts'
import { invalidField } from '../../machinery/field-errors.ts'
import type { DeepReadonly } from '../../machinery/object.ts'
import type { NodeSelectorTerm, PodSpec } from '../types/core/v1.ts'

/** A gated Pod may be told more precisely where to run. After validateNodeSelectorMutation, validateNodeAffinityMutation. */

type Spec = DeepReadonly<PodSpec>
type Terms = readonly DeepReadonly<NodeSelectorTerm>[]

const required = 'requiredDuringSchedulingIgnoredDuringExecution'

export function checkPlacementUpdates(spec: Spec, before: Spec, errors: FieldError[]): void {
  const selector = spec.nodeSelector ?? {}
  if (Object.entries(before.nodeSelector ?? {}).some(([key, value]) => selector[key] !== value)) {
    const why = 'only additions to spec.nodeSelector are allowed (no mutations or deletions)'
    errors.push(invalidField('spec.nodeSelector', spec.nodeSelector ?? null, why))
  }
  const oldRequired = before.affinity?.nodeAffinity?.[required]
  if (!oldRequired || isDeepStrictEqual(before.affinity?.nodeAffinity, spec.affinity?.nodeAffinity)) return
  const terms = spec.affinity?.nodeAffinity?.[required]?.nodeSelectorTerms ?? []
  checkTerms(terms, oldRequired.nodeSelectorTerms ?? [], errors)
}

function checkTerms(terms: Terms, before: Terms, errors: FieldError[]): void {
  const path = `spec.affinity.nodeAffinity.${required}.nodeSelectorTerms`
  if (before.length > 0 && before.length !== terms.length) {
    const why = 'no additions/deletions to non-empty NodeSelectorTerms list are allowed'
    const shown = terms.length > 0 ? terms.map(goView) : null
    return void errors.push(invalidField(path, shown, why))
  }
  before.forEach((old, index) => {
    if (onlyAdds(terms[index]!, old)) return
    const why = 'only additions are allowed (no mutations or deletions)'
    errors.push(invalidField(`${path}[${index}]`, goView(terms[index]!), why))
  })
}

function onlyAdds(term: DeepReadonly<NodeSelectorTerm>, old: DeepReadonly<NodeSelectorTerm>): boolean {
  const lists = ['matchExpressions', 'matchFields'] as const
  const isEmpty = (each: DeepReadonly<NodeSelectorTerm>) => lists.every((list) => !each[list]?.length)
  // An empty term matches nothing: with requirements it would match more.
  if (isEmpty(old)) return isEmpty(term)
  return lists.every((list) => {
    const before = old[list] ?? []
    return isDeepStrictEqual((term[list] ?? []).slice(0, before.length), before)
  })
}

/** As Go's structs show themselves. */
function goView({ matchExpressions, matchFields }: DeepReadonly<NodeSelectorTerm>): object {
  const view = (list: typeof matchExpressions) =>
    list?.map(({ key, operator, values }) => ({ Key: key, Operator: operator, Values: values ?? null })) ?? null
  return { MatchExpressions: view(matchExpressions), MatchFields: view(matchFields) }
}
