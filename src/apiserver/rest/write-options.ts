import type { FieldError } from '../../machinery/errors.ts'
import { invalid } from '../../machinery/errors.ts'
import { forbiddenField, invalidField, notSupportedField, requiredField } from '../../machinery/field-errors.ts'
import { fieldManagerErrors } from '../../machinery/object-metadata.ts'
import { booleanParameter, textParameter } from './query.ts'

export type FieldValidation = 'Ignore' | 'Warn' | 'Strict'

/** CreateOptions, UpdateOptions and PatchOptions: what a write may ask for in its query. */
export interface WriteOptions {
  readonly dryRun: boolean
  readonly fieldManager: string
  readonly fieldValidation: FieldValidation
  /** Server-side apply: take over fields that others own. */
  readonly force: boolean
}

type WriteKind = 'CreateOptions' | 'UpdateOptions' | 'PatchOptions'

/** Throws 422 for values upstream refuses. After apimachinery meta/v1/validation/validation.go v1.36. */
export function writeOptions(query: URLSearchParams, kind: WriteKind, isApply = false): WriteOptions {
  if (query.size === 0) return isApply ? refuse(kind, [fieldManagerRequired]) : noOptions
  const dryRun = query.getAll('dryRun')
  const fieldManager = query.get('fieldManager') ?? ''
  const fieldValidation = query.get('fieldValidation') ?? ''
  const force = kind === 'PatchOptions' ? booleanParameter(query, 'force') : undefined
  const errors: FieldError[] = []
  if (isApply && fieldManager === '') errors.push(fieldManagerRequired)
  if (!isApply && force !== undefined) errors.push(forbiddenField('force', 'may not be specified for non-apply patch'))
  errors.push(...fieldManagerErrors(fieldManager, 'fieldManager'), ...dryRunErrors(dryRun))
  if (!fieldValidations.includes(fieldValidation)) {
    errors.push(notSupportedField('fieldValidation', fieldValidation, fieldValidations))
  }
  if (errors.length > 0) refuse(kind, errors)
  return {
    dryRun: dryRun.length > 0,
    fieldManager,
    fieldValidation: (fieldValidation || 'Warn') as FieldValidation,
    force: force ?? false,
  }
}

const noOptions: WriteOptions = { dryRun: false, fieldManager: '', fieldValidation: 'Warn', force: false }
const fieldManagerRequired = requiredField('fieldManager', 'is required for apply patch')
const fieldValidations: readonly string[] = ['', 'Ignore', 'Strict', 'Warn']

/** The options as admission plugins and webhooks see them. */
export function optionsObject(kind: WriteKind, options: WriteOptions): Record<string, unknown> {
  return {
    kind,
    apiVersion: 'meta.k8s.io/v1',
    ...(options.dryRun ? { dryRun: ['All'] } : {}),
    ...(options.fieldManager === '' ? {} : { fieldManager: options.fieldManager }),
    ...(options.fieldValidation === 'Warn' ? {} : { fieldValidation: options.fieldValidation }),
  }
}

export function dryRunErrors(values: readonly string[]): FieldError[] {
  return values.every((value) => value === 'All') ? [] : [notSupportedField('dryRun', values, ['All'])]
}

function refuse(kind: WriteKind, errors: readonly FieldError[]): never {
  throw invalid({ group: 'meta.k8s.io', kind }, '', errors)
}

export interface DeleteOptions {
  readonly dryRun: boolean
  gracePeriodSeconds: number | undefined
  readonly orphanDependents: boolean | undefined
  readonly propagationPolicy: string | undefined
  readonly preconditions: { readonly uid?: string; readonly resourceVersion?: string } | undefined
}

/** DeleteOptions as a body or a query carries them: all fields as they are, before validation. */
export interface RawDeleteOptions {
  readonly dryRun?: readonly string[]
  readonly gracePeriodSeconds?: number
  readonly orphanDependents?: boolean
  readonly propagationPolicy?: string
  readonly preconditions?: { readonly uid?: string; readonly resourceVersion?: string }
}

export function deleteOptionsOfQuery(query: URLSearchParams, gracePeriodSeconds: number | undefined): RawDeleteOptions {
  const orphanDependents = booleanParameter(query, 'orphanDependents')
  const propagationPolicy = textParameter(query, 'propagationPolicy')
  return {
    dryRun: query.getAll('dryRun'),
    ...(gracePeriodSeconds === undefined ? {} : { gracePeriodSeconds }),
    ...(orphanDependents === undefined ? {} : { orphanDependents }),
    ...(propagationPolicy === undefined ? {} : { propagationPolicy }),
  }
}

const propagationPolicies = ['Foreground', 'Background', 'Orphan', 'nil']

/** Throws 422 as meta/v1/validation ValidateDeleteOptions does. */
export function validDeleteOptions(raw: RawDeleteOptions): DeleteOptions {
  const { dryRun = [], gracePeriodSeconds, orphanDependents, propagationPolicy, preconditions } = raw
  const errors: FieldError[] = []
  if (orphanDependents !== undefined && propagationPolicy !== undefined) {
    const why = 'orphanDependents and deletionPropagation cannot be both set'
    errors.push(invalidField('propagationPolicy', propagationPolicy, why))
  }
  if (propagationPolicy !== undefined && !propagationPolicies.slice(0, 3).includes(propagationPolicy)) {
    errors.push(notSupportedField('propagationPolicy', propagationPolicy, propagationPolicies))
  }
  errors.push(...dryRunErrors(dryRun))
  if (errors.length > 0) throw invalid({ group: 'meta.k8s.io', kind: 'DeleteOptions' }, '', errors)
  return {
    dryRun: dryRun.length > 0,
    gracePeriodSeconds: gracePeriodSeconds !== undefined && gracePeriodSeconds < 0 ? 1 : gracePeriodSeconds,
    orphanDependents,
    propagationPolicy,
    preconditions,
  }
}
