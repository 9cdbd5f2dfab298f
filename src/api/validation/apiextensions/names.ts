import type { FieldError } from '../../../machinery/errors.ts'
import { invalidField } from '../../../machinery/field-errors.ts'
import type { DeepReadonly } from '../../../machinery/object.ts'
import type { CustomResourceDefinitionNames } from '../../types/apiextensions/v1.ts'
import { serviceLabelErrors } from '../formats.ts'

/** The forms of names; that some must be there only `spec.names` asks. After ValidateCustomResourceDefinitionNames. */
export function namesErrors(
  names: DeepReadonly<Partial<CustomResourceDefinitionNames>> | undefined,
  path: string,
): FieldError[] {
  const { plural = '', singular = '', kind = '', listKind = '', shortNames = [], categories = [] } = names ?? {}
  const errors = [
    ...(plural === '' ? [] : labelErrors(plural, `${path}.plural`)),
    ...(singular === '' ? [] : labelErrors(singular, `${path}.singular`)),
    ...kindErrors(kind, `${path}.kind`),
    ...kindErrors(listKind, `${path}.listKind`),
    ...shortNames.flatMap((name, index) => labelErrors(name, `${path}.shortNames[${index}]`)),
  ]
  if (kind !== '' && kind === listKind)
    errors.push(invalidField(`${path}.listKind`, listKind, 'kind and listKind may not be the same'))
  errors.push(...categories.flatMap((name, index) => labelErrors(name, `${path}.categories[${index}]`)))
  return errors
}

/** What keeps a name from being a DNS-1035 label, as one error. */
export function labelErrors(name: string, path: string): FieldError[] {
  const reasons = serviceLabelErrors(name)
  return reasons.length === 0 ? [] : [invalidField(path, name, reasons.join(','))]
}

function kindErrors(kind: string, path: string): FieldError[] {
  const reasons = kind === '' ? [] : serviceLabelErrors(kind.toLowerCase())
  if (reasons.length === 0) return []
  return [invalidField(path, kind, `may have mixed case, but should otherwise match: ${reasons.join(',')}`)]
}
