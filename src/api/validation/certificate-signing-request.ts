import { X509Certificate } from 'node:crypto'
import { isDeepStrictEqual } from 'node:util'
import type { FieldError } from '../../machinery/errors.ts'
import {
  duplicateField,
  forbiddenField,
  invalidField,
  notSupportedField,
  requiredField,
} from '../../machinery/field-errors.ts'
import type { DeepReadonly } from '../../machinery/object.ts'
import type { CertificateSigningRequest, CertificateSigningRequestCondition } from '../types/certificates/v1.ts'
import { certificateRequestError } from './certificate-request-form.ts'
import { pemBlocks } from './pem.ts'
import { checkSignerName } from './signer-name.ts'

/** After pkg/apis/certificates/validation v1.36. */

type Request = DeepReadonly<CertificateSigningRequest>
type Condition = DeepReadonly<CertificateSigningRequestCondition>

const legacySigner = 'kubernetes.io/legacy-unknown'
const minSeconds = 600
const conditionsPath = 'status.conditions'
const certificatePath = 'status.certificate'

const knownUsages = [
  'any',
  'cert sign',
  'client auth',
  'code signing',
  'content commitment',
  'crl sign',
  'data encipherment',
  'decipher only',
  'digital signature',
  'email protection',
  'encipher only',
  'ipsec end system',
  'ipsec tunnel',
  'ipsec user',
  'key agreement',
  'key encipherment',
  'microsoft sgc',
  'netscape sgc',
  'ocsp signing',
  's/mime',
  'server auth',
  'signing',
  'timestamping',
]

/** What a write may do that others may not, and what stays wrong because it was so before. */
interface Tolerated {
  readonly old: Request | undefined
  readonly maySetApproval?: boolean
  readonly maySetCertificate?: boolean
}

export function validateCertificateRequest(object: Request): FieldError[] {
  return requestErrors(object, { old: undefined })
}

export function validateCertificateRequestUpdate(object: Request, old: Request): FieldError[] {
  return updateErrors(object, { old })
}

export function validateCertificateRequestStatus(object: Request, old: Request): FieldError[] {
  return updateErrors(object, { old, maySetCertificate: true })
}

export function validateCertificateRequestApproval(object: Request, old: Request): FieldError[] {
  return updateErrors(object, { old, maySetApproval: true })
}

function requestErrors(object: Request, { old }: Tolerated): FieldError[] {
  const errors: FieldError[] = []
  const { request, usages = [], signerName = '', expirationSeconds: seconds } = object.spec ?? {}
  const why = certificateRequestError(Buffer.from(request ?? '', 'base64').toString('latin1'))
  if (why !== undefined) errors.push(invalidField('spec.request', request ?? null, why))
  checkUsages(usages ?? [], old?.spec?.usages ?? [], errors)
  if (signerName === legacySigner && old?.spec?.signerName !== legacySigner) {
    const notAllowed = 'the legacy signerName is not allowed via this API version'
    errors.push(invalidField('spec.signerName', signerName, notAllowed))
  } else checkSignerName(signerName, 'spec.signerName', errors)
  if (seconds !== undefined && seconds < minSeconds) {
    const tooShort = 'may not specify a duration less than 600 seconds (10 minutes)'
    errors.push(invalidField('spec.expirationSeconds', seconds, tooShort))
  }
  checkConditions(object.status?.conditions ?? [], old?.status?.conditions ?? [], errors)
  checkCertificate(object, old, errors)
  return errors
}

function hasDuplicates(values: readonly string[]): boolean {
  return new Set(values).size < values.length
}

function checkUsages(usages: readonly string[], old: readonly string[], errors: FieldError[]): void {
  if (usages.length === 0) errors.push(requiredField('spec.usages'))
  if (old.every((usage) => knownUsages.includes(usage))) {
    usages.forEach((usage, index) => {
      if (!knownUsages.includes(usage)) errors.push(notSupportedField(`spec.usages[${index}]`, usage, knownUsages))
    })
  }
  if (hasDuplicates(old)) return
  usages.forEach((usage, index) => {
    if (usages.indexOf(usage) < index) errors.push(duplicateField(`spec.usages[${index}]`, usage))
  })
}

function checkConditions(conditions: readonly Condition[], old: readonly Condition[], errors: FieldError[]): void {
  const oldTypes = old.map(({ type = '' }) => type)
  const types = conditions.map(({ type = '' }) => type)
  conditions.forEach(({ status = '' }, index) => {
    const path = `${conditionsPath}[${index}]`
    const type = types[index]!
    if (type === '' && !oldTypes.includes('')) errors.push(requiredField(`${path}.type`))
    checkConditionStatus(type, status, `${path}.status`, errors)
    const opposite = type === 'Approved' ? 'Denied' : type === 'Denied' ? 'Approved' : undefined
    const wereBoth = oldTypes.includes('Approved') && oldTypes.includes('Denied')
    if (opposite && !wereBoth && types.slice(0, index).includes(opposite)) {
      errors.push(invalidField(conditionsPath, type, 'Approved and Denied conditions are mutually exclusive'))
    }
    if (types.indexOf(type) < index && !hasDuplicates(oldTypes)) errors.push(duplicateField(`${path}.type`, type))
  })
}

/** Decisions are never taken back: they are true or not there. */
function checkConditionStatus(type: string, status: string, path: string, errors: FieldError[]): void {
  const isDecision = type === 'Approved' || type === 'Denied' || type === 'Failed'
  const supported = isDecision ? ['True'] : ['False', 'True', 'Unknown']
  if (status === '') errors.push(requiredField(path))
  else if (!supported.includes(status)) errors.push(notSupportedField(path, status, supported))
}

function checkCertificate({ status }: Request, old: Request | undefined, errors: FieldError[]): void {
  const certificate = status?.certificate ?? ''
  const before = old?.status?.certificate ?? ''
  if (old && (certificate === before || certificateError(before) !== undefined)) return
  const why = certificateError(certificate)
  if (why !== undefined) errors.push(invalidField(certificatePath, '<certificate data>', why))
}

/** A chain of certificates, or nothing yet. */
function certificateError(base64: string): string | undefined {
  if (base64 === '') return undefined
  const blocks = pemBlocks(Buffer.from(base64, 'base64').toString('latin1'))
  if (blocks.length === 0) return 'must contain at least one CERTIFICATE PEM block'
  for (const { type, hasHeaders, bytes } of blocks) {
    if (type !== 'CERTIFICATE') return `only CERTIFICATE PEM blocks are allowed, found ${JSON.stringify(type)}`
    if (hasHeaders) return 'no PEM block headers are permitted'
    if (bytes.length === 0) return 'found CERTIFICATE PEM block containing 0 certificates'
    if (!isCertificate(bytes)) return 'x509: malformed certificate'
  }
  return undefined
}

function isCertificate(der: Buffer): boolean {
  try {
    return new X509Certificate(der).raw.length === der.length
  } catch {
    return false
  }
}

function updateErrors(object: Request, tolerated: Tolerated): FieldError[] {
  const errors = requestErrors(object, tolerated)
  const { old, maySetApproval, maySetCertificate } = tolerated
  const conditionsOf = (request: Request | undefined, type: string) =>
    (request?.status?.conditions ?? []).filter((condition) => condition.type === type)
  const refuse = (what: string, type: string) =>
    errors.push(forbiddenField(conditionsPath, `updates may not ${what} a condition of type "${type}"`))
  for (const type of ['Approved', 'Denied', 'Failed']) {
    if (conditionsOf(object, type).length < conditionsOf(old, type).length) refuse('remove', type)
  }
  for (const type of maySetApproval ? [] : ['Approved', 'Denied']) {
    const [before, now] = [conditionsOf(old, type), conditionsOf(object, type)]
    if (now.length > before.length) refuse('add', type)
    else if (now.length === before.length && !isDeepStrictEqual(now, before)) refuse('modify', type)
  }
  const before = old?.status?.certificate ?? ''
  if ((object.status?.certificate ?? '') !== before) {
    if (!maySetCertificate) errors.push(forbiddenField(certificatePath, 'updates may not set certificate content'))
    else if (before !== '') {
      errors.push(forbiddenField(certificatePath, 'updates may not modify existing certificate content'))
    }
  }
  return errors
}
