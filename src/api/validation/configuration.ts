import { isDeepStrictEqual } from 'node:util'
import type { FieldError } from '../../machinery/errors.ts'
import { forbiddenField, invalidField, requiredField, tooLongField } from '../../machinery/field-errors.ts'
import type { DeepReadonly } from '../../machinery/object.ts'
import { getOwn } from '../../machinery/own-member.ts'
import type { ConfigMap, Secret } from '../types/core/v1.ts'
import { checkForm, checkImmutable } from './checks.ts'
import { configKeyErrors } from './formats.ts'

/** ConfigMaps and Secrets. After pkg/apis/core/validation ValidateConfigMap and ValidateSecret. */

const maxDataBytes = 1024 * 1024

/** A null in a map of bytes is an empty value, and stays null, as in Go. */
function base64Bytes(text: string | null): number {
  return text === null ? 0 : Buffer.byteLength(text, 'base64')
}

export function validateConfigMap({ data = {}, binaryData = {} }: DeepReadonly<ConfigMap>): FieldError[] {
  const errors: FieldError[] = []
  let bytes = 0
  for (const [key, value] of Object.entries(data)) {
    checkForm(configKeyErrors, key, `data[${key}]`, errors)
    if (Object.hasOwn(binaryData, key))
      errors.push(invalidField(`data[${key}]`, key, 'duplicate of key present in binaryData'))
    bytes += Buffer.byteLength(value)
  }
  for (const [key, value] of Object.entries(binaryData)) {
    checkForm(configKeyErrors, key, `binaryData[${key}]`, errors)
    bytes += base64Bytes(value)
  }
  if (bytes > maxDataBytes) errors.push(tooLongField('[]', maxDataBytes))
  return errors
}

interface Immutable {
  readonly immutable?: boolean
}

/** What has been declared immutable stays so, data included. */
function checkDeclaredImmutable<T extends Immutable>(
  object: T,
  old: T,
  fields: readonly (keyof T & string)[],
  errors: FieldError[],
): void {
  if (!old.immutable) return
  const why = 'field is immutable when `immutable` is set'
  if (!object.immutable) errors.push(forbiddenField('immutable', why))
  for (const field of fields) {
    if (!isDeepStrictEqual(object[field], old[field])) errors.push(forbiddenField(field, why))
  }
}

export function validateConfigMapUpdate(object: DeepReadonly<ConfigMap>, old: DeepReadonly<ConfigMap>): FieldError[] {
  const errors: FieldError[] = []
  checkDeclaredImmutable(object, old, ['data', 'binaryData'], errors)
  return [...errors, ...validateConfigMap(object)]
}

const accountAnnotation = 'kubernetes.io/service-account.name'

/** The keys that a type of Secret must have. */
const requiredKeys: Readonly<Record<string, readonly string[]>> = {
  'kubernetes.io/dockercfg': ['.dockercfg'],
  'kubernetes.io/dockerconfigjson': ['.dockerconfigjson'],
  'kubernetes.io/tls': ['tls.crt', 'tls.key'],
}

export function validateSecret({ data = {}, type = '', metadata }: DeepReadonly<Secret>): FieldError[] {
  const errors: FieldError[] = []
  let bytes = 0
  for (const [key, value] of Object.entries(data)) {
    checkForm(configKeyErrors, key, `data[${key}]`, errors)
    bytes += base64Bytes(value)
  }
  if (bytes > maxDataBytes) errors.push(tooLongField('data', maxDataBytes))
  if (type === 'kubernetes.io/service-account-token' && !metadata?.annotations?.[accountAnnotation]) {
    errors.push(requiredField(`metadata.annotations[${accountAnnotation}]`))
  }
  for (const key of getOwn(requiredKeys, type) ?? []) {
    if (!Object.hasOwn(data, key)) errors.push(requiredField(`data[${key}]`))
    else if (key.startsWith('.docker')) checkJson(data[key]!, `data[${key}]`, errors)
  }
  if (type === 'kubernetes.io/basic-auth' && !('username' in data) && !('password' in data)) {
    errors.push(requiredField('data[username]'), requiredField('data[password]'))
  }
  if (type === 'kubernetes.io/ssh-auth' && !data['ssh-privatekey']) errors.push(requiredField('data[ssh-privatekey]'))
  return errors
}

/** The contents never show up in errors; the reason is Go's for the commonest mistakes. */
function checkJson(text: string | null, path: string, errors: FieldError[]): void {
  const json = Buffer.from(text ?? '', 'base64').toString()
  const refuse = (why: string) => errors.push(invalidField(path, '<secret contents redacted>', why))
  try {
    const value: unknown = JSON.parse(json)
    if (typeof value !== 'object' || value === null || Array.isArray(value)) {
      const found = Array.isArray(value)
        ? 'array'
        : value === null
          ? 'null'
          : typeof value === 'boolean'
            ? 'bool'
            : typeof value
      if (value !== null) refuse(`json: cannot unmarshal ${found} into Go value of type map[string]interface {}`)
    }
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error
    if (json.trim() === '') refuse('unexpected end of JSON input')
    else refuse(`invalid character '${json.trim()[0]}' looking for beginning of value`)
  }
}

export function validateSecretUpdate(object: DeepReadonly<Secret>, old: DeepReadonly<Secret>): FieldError[] {
  const errors: FieldError[] = []
  checkImmutable(object.type === old.type, object.type ?? '', 'type', errors)
  checkDeclaredImmutable(object, old, ['data'], errors)
  return [...errors, ...validateSecret(object)]
}
