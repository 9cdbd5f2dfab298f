import type { FieldError } from '../../machinery/errors.ts'
import { invalidField, notSupportedField, requiredField } from '../../machinery/field-errors.ts'
import type { DeepReadonly } from '../../machinery/object.ts'
import { pathSegmentName } from '../../machinery/object-names.ts'
import type { APIService, APIServiceSpec } from '../types/apiregistration/v1.ts'
import { checkForm, checkSubdomain } from './checks.ts'
import { portNumberErrors, serviceLabelErrors } from './formats.ts'

/** Groups of the API that somebody serves. After kube-aggregator pkg/apis/apiregistration/validation v1.36. */

const maxGroupPriority = 20_000
const maxVersionPriority = 1_000

type Spec = DeepReadonly<Partial<APIServiceSpec>>

export function validateApiService(object: DeepReadonly<APIService>): FieldError[] {
  const errors: FieldError[] = []
  const spec: Spec = object.spec ?? {}
  const { group = '', version = '', groupPriorityMinimum = 0, versionPriority = 0 } = spec
  checkName(object.metadata?.name ?? '', `${version}.${group}`, errors)
  if (group === '' && version !== 'v1') {
    errors.push(requiredField('spec.group', 'only v1 may have an empty group and it better be legacy kube'))
  }
  if (group !== '') checkSubdomain(group, 'spec.group', errors)
  checkForm(serviceLabelErrors, version, 'spec.version', errors)
  if (groupPriorityMinimum <= 0 || groupPriorityMinimum > maxGroupPriority) {
    const why = 'must be positive and less than 20000'
    errors.push(invalidField('spec.groupPriorityMinimum', groupPriorityMinimum, why))
  }
  if (versionPriority <= 0 || versionPriority > maxVersionPriority) {
    errors.push(invalidField('spec.versionPriority', versionPriority, 'must be positive and less than 1000'))
  }
  if (spec.service) checkRemote(spec, errors)
  else checkLocal(spec, errors)
  return errors
}

export function validateApiServiceStatus({ status }: DeepReadonly<APIService>): FieldError[] {
  const errors: FieldError[] = []
  const supported = ['True', 'False', 'Unknown']
  status?.conditions?.forEach((condition, index) => {
    if (supported.includes(condition.status)) return
    errors.push(notSupportedField(`status.conditions[${index}].status`, condition.status ?? '', supported))
  })
  return errors
}

function checkName(name: string, required: string, errors: FieldError[]): void {
  if (name === '' || name === required || pathSegmentName(name, false).length > 0) return
  const why = `must be \`spec.version+"."+spec.group\`: ${JSON.stringify(required)}`
  errors.push(invalidField('metadata.name', name, why))
}

/** What this server answers itself. */
function checkLocal({ caBundle = '', insecureSkipTLSVerify }: Spec, errors: FieldError[]): void {
  const bytes = Buffer.byteLength(caBundle, 'base64')
  if (bytes > 0) {
    errors.push(invalidField('spec.caBundle', `${bytes} bytes`, 'local APIServices may not have a caBundle'))
  }
  if (insecureSkipTLSVerify) {
    errors.push(
      invalidField('spec.insecureSkipTLSVerify', true, 'local APIServices may not have insecureSkipTLSVerify'),
    )
  }
}

function checkRemote({ service, caBundle, insecureSkipTLSVerify }: Spec, errors: FieldError[]): void {
  if (!service?.namespace) errors.push(requiredField('spec.service.namespace'))
  if (!service?.name) errors.push(requiredField('spec.service.name'))
  const port = service?.port ?? 0
  const why = portNumberErrors(port)
  if (why.length > 0) errors.push(invalidField('spec.service.port', port, `port is not valid: ${why.join(', ')}`))
  if (insecureSkipTLSVerify && caBundle) {
    errors.push(invalidField('spec.insecureSkipTLSVerify', true, 'may not be true if caBundle is present'))
  }
}
