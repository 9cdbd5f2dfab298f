import { labelFormErrors, subdomainNameErrors } from '../../../api/validation/formats.ts'
import type { FieldError } from '../../../machinery/errors.ts'
import { duplicateField, invalidField } from '../../../machinery/field-errors.ts'
import {
  asFields,
  asString,
  asStrings,
  type Fields,
  fieldError,
  refuseUnknown,
} from '../../configuration/configuration-file.ts'
import {
  type LevelVersion,
  levelRule,
  type Mode,
  noPolicy,
  type Policy,
  parseLevel,
  parseVersion,
  versionRule,
} from './policy.ts'

/** What the operator says of namespaces without labels, and of whom no policy is for. */
export interface PodSecurityConfiguration {
  readonly defaults: Policy
  readonly exemptions: Exemptions
}

export interface Exemptions {
  readonly usernames: readonly string[]
  readonly namespaces: readonly string[]
  readonly runtimeClasses: readonly string[]
}

export const noConfiguration: PodSecurityConfiguration = {
  defaults: noPolicy,
  exemptions: { usernames: [], namespaces: [], runtimeClasses: [] },
}

/**
 * A PodSecurityConfiguration. Throws a ConfigurationError.
 * After pod-security-admission/admission/api v1 and validation v1.36.
 */
export function readPodSecurityConfiguration(fields: Fields, path: string): PodSecurityConfiguration {
  refuseUnknown(fields, path, ['apiVersion', 'kind', 'defaults', 'exemptions'])
  const { defaults = {}, exemptions = {} } = fields
  return {
    defaults: readDefaults(asFields(defaults, `${path}.defaults`)),
    exemptions: readExemptions(exemptions, path),
  }
}

function readDefaults(fields: Fields): Policy {
  const read = (mode: Mode): LevelVersion => ({
    level: one(fields, mode, { unset: 'privileged', parse: parseLevel, rule: levelRule }),
    version: one(fields, `${mode}-version`, { unset: 'latest', parse: parseVersion, rule: versionRule }),
  })
  return { enforce: read('enforce'), audit: read('audit'), warn: read('warn') }
}

interface Form<T> {
  readonly unset: T
  readonly parse: (text: string) => T | undefined
  readonly rule: string
}

function one<T>(fields: Fields, name: string, { unset, parse, rule }: Form<T>): T {
  if (fields[name] === undefined || fields[name] === '') return unset
  const path = `defaults.${name}`
  const text = asString(fields[name], path)
  const parsed = parse(text)
  if (parsed === undefined) throw fieldError(invalidField(path, text, rule))
  return parsed
}

const exemptionRules: Readonly<Record<keyof Exemptions, (name: string) => readonly string[]>> = {
  namespaces: (name) => labelFormErrors(name),
  runtimeClasses: (name) => subdomainNameErrors(name),
  usernames: (name) => (name === '' ? ['username must not be empty'] : []),
}

function readExemptions(value: unknown, path: string): Exemptions {
  const fields = asFields(value, `${path}.exemptions`)
  const read = (kind: keyof Exemptions): string[] => {
    const names = asStrings(fields[kind] ?? [], `${path}.exemptions.${kind}`)
    for (const [index, name] of names.entries()) {
      const error = exemptionError(kind, names, index, name)
      if (error) throw fieldError(error)
    }
    return names
  }
  return { usernames: read('usernames'), namespaces: read('namespaces'), runtimeClasses: read('runtimeClasses') }
}

function exemptionError(
  kind: keyof Exemptions,
  names: readonly string[],
  index: number,
  name: string,
): FieldError | undefined {
  const path = `exemptions.${kind}[${index}]`
  const errors = exemptionRules[kind](name)
  if (errors.length > 0) return invalidField(path, name, errors.join(', '))
  return names.indexOf(name) < index ? duplicateField(path, name) : undefined
}
