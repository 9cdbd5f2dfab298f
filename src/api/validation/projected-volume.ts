import type { FieldError } from '../../machinery/errors.ts'
import { forbiddenField, invalidField, requiredField } from '../../machinery/field-errors.ts'
import type { DeepReadonly } from '../../machinery/object.ts'
import type {
  DownwardAPIVolumeFile,
  KeyToPath,
  ProjectedVolumeSource,
  ServiceAccountTokenProjection,
  VolumeProjection,
} from '../types/core/v1.ts'
import { checkForm } from './checks.ts'
import { checkFieldRef, checkResourceFieldRef } from './environment.ts'
import { descendingPathErrors } from './formats.ts'
import { checkPresent } from './volume-sources.ts'

/** Files made from API objects. After pkg/apis/core/validation validateProjectedVolumeSource and its neighbours. */

const modeError = 'must be a number between 0 and 0777 (octal), both inclusive'

export function checkMode(mode: number | undefined, path: string, errors: FieldError[]): void {
  if (mode !== undefined && (mode < 0 || mode > 0o777)) errors.push(invalidField(path, mode, modeError))
}

/** A relative path below the volume; names that begin with two dots are the volume's own. */
function checkOwnPath(target: string, path: string, errors: FieldError[]): void {
  checkForm(descendingPathErrors, target, path, errors)
  if (target.startsWith('..') && !target.startsWith('../')) {
    errors.push(invalidField(path, target, "must not start with '..'"))
  }
}

export function checkItems(
  items: readonly DeepReadonly<KeyToPath>[] | undefined,
  path: string,
  errors: FieldError[],
): void {
  items?.forEach((item, index) => {
    checkItem(item, `${path}[${index}]`, errors)
  })
}

function checkItem({ key, path: target, mode }: DeepReadonly<KeyToPath>, at: string, errors: FieldError[]): void {
  checkPresent(key, `${at}.key`, errors)
  checkPresent(target, `${at}.path`, errors)
  checkOwnPath(target ?? '', `${at}.path`, errors)
  checkMode(mode, `${at}.mode`, errors)
}

const volumeFields = ['metadata.annotations', 'metadata.labels', 'metadata.name', 'metadata.namespace', 'metadata.uid']

export function checkDownwardFile(file: DeepReadonly<DownwardAPIVolumeFile>, path: string, errors: FieldError[]): void {
  const { path: target, fieldRef, resourceFieldRef, mode } = file
  checkPresent(target, `${path}.path`, errors)
  checkOwnPath(target ?? '', `${path}.path`, errors)
  if (fieldRef) {
    checkFieldRef(fieldRef, volumeFields, `${path}.fieldRef`, errors)
    if (resourceFieldRef) {
      errors.push(invalidField(path, 'resource', 'fieldRef and resourceFieldRef can not be specified simultaneously'))
    }
  } else if (resourceFieldRef) {
    checkResourceFieldRef(resourceFieldRef, `${path}.resourceFieldRef`, errors, { needsContainer: true })
  } else errors.push(requiredField(path, 'one of fieldRef and resourceFieldRef is required'))
  checkMode(mode, `${path}.mode`, errors)
}

/** Several sources in one folder: no two may write the same file. */
export function checkProjected(
  projected: DeepReadonly<ProjectedVolumeSource>,
  path: string,
  errors: FieldError[],
): void {
  checkMode(projected.defaultMode, `${path}.defaultMode`, errors)
  const taken = new Set<string>()
  const take = (target: string | undefined, shown: string | undefined) => {
    if (!target) return
    if (taken.has(target)) errors.push(invalidField(path, shown ?? '', 'conflicting duplicate paths'))
    taken.add(target)
  }
  projected.sources?.forEach((source, index) => {
    checkProjection(source, { path, at: `${path}.sources[${index}]`, take }, errors)
  })
}

interface ProjectionContext {
  readonly path: string
  readonly at: string
  /** Notes the path of a file; `shown` names it in errors. */
  readonly take: (target: string | undefined, shown: string | undefined) => void
}

function checkProjection(
  source: DeepReadonly<VolumeProjection>,
  { path, at, take }: ProjectionContext,
  errors: FieldError[],
): void {
  for (const name of ['secret', 'configMap'] as const) {
    const keyed = source[name]
    if (!keyed) continue
    checkPresent(keyed.name, `${at}.${name}.name`, errors)
    keyed.items?.forEach((item, index) => {
      checkItem(item, `${at}.${name}.items[${index}]`, errors)
      take(item.path, keyed.name)
    })
  }
  for (const file of source.downwardAPI?.items ?? []) {
    checkDownwardFile(file, `${at}.downwardAPI`, errors)
    take(file.path, file.path)
  }
  const token = source.serviceAccountToken
  if (token) checkToken(token, { path, at: `${at}.serviceAccountToken` }, errors)
  if (Object.values(source).filter(Boolean).length > 1) {
    errors.push(forbiddenField(at, 'may not specify more than 1 volume type per source'))
  }
}

/** Upstream names the path of the file without the source. */
function checkToken(
  { expirationSeconds = 0, path: target }: DeepReadonly<ServiceAccountTokenProjection>,
  { path, at }: { readonly path: string; readonly at: string },
  errors: FieldError[],
): void {
  const seconds = `${at}.expirationSeconds`
  if (expirationSeconds < 10 * 60) {
    errors.push(invalidField(seconds, expirationSeconds, 'may not specify a duration less than 10 minutes'))
  }
  if (expirationSeconds > 2 ** 32) {
    errors.push(invalidField(seconds, expirationSeconds, 'may not specify a duration larger than 2^32 seconds'))
  }
  if (!target) errors.push(requiredField(`${path}.path`))
  else checkOwnPath(target, `${path}.path`, errors)
}
