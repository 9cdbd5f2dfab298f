import { X509Certificate } from 'node:crypto'
import type { FieldError } from '../../../machinery/errors.ts'
import { forbiddenField, invalidField, requiredField } from '../../../machinery/field-errors.ts'
import type { DeepReadonly } from '../../../machinery/object.ts'
import type { CustomResourceConversion, WebhookClientConfig } from '../../types/apiextensions/v1.ts'
import { checkWebhookService, checkWebhookUrl } from '../admissionregistration/client-config.ts'
import { checkRequiredOneOf } from '../checks.ts'
import { serviceLabelErrors } from '../formats.ts'
import { pemBlocks } from '../pem.ts'
import type { ValidationOptions } from './validation-options.ts'

const acceptedReviewVersions = ['v1', 'v1beta1']

/** After validateCustomResourceConversion of apiextensions validation.go v1.36; paths are those of the internal type. */
export function conversionErrors(
  conversion: DeepReadonly<CustomResourceConversion> | undefined,
  options: ValidationOptions,
): FieldError[] {
  if (conversion === undefined) return []
  const path = 'spec.conversion'
  const errors: FieldError[] = []
  const { strategy = '', webhook } = conversion
  checkRequiredOneOf(strategy, ['None', 'Webhook'], `${path}.strategy`, errors)
  if (strategy === 'Webhook') {
    errors.push(...clientConfigErrors(webhook?.clientConfig, `${path}.webhookClientConfig`, options))
    const versions = webhook?.conversionReviewVersions ?? []
    errors.push(...reviewVersionErrors(versions, `${path}.conversionReviewVersions`, options))
    return errors
  }
  const why = 'should not be set when strategy is not set to Webhook'
  if (webhook?.clientConfig) errors.push(forbiddenField(`${path}.webhookClientConfig`, why))
  if (webhook?.conversionReviewVersions?.length) errors.push(forbiddenField(`${path}.conversionReviewVersions`, why))
  return errors
}

/** Whether some version is one the server speaks, or none is named. */
export function hasAcceptedReviewVersion(versions: readonly string[]): boolean {
  return versions.length === 0 || versions.some((version) => acceptedReviewVersions.includes(version))
}

function clientConfigErrors(
  config: DeepReadonly<WebhookClientConfig> | undefined,
  path: string,
  options: ValidationOptions,
): FieldError[] {
  if (config === undefined) return [requiredField(path, 'required when strategy is set to Webhook')]
  const { url, service, caBundle } = config
  const errors: FieldError[] = []
  if ((url === undefined) === (service === undefined))
    errors.push(requiredField(path, 'exactly one of url or service is required'))
  else if (url !== undefined) checkWebhookUrl(url, `${path}.url`, errors)
  else if (service !== undefined) {
    // Upstream hands the two over in the wrong order, so that errors name one for the other.
    const swapped = { ...service, name: service.namespace, namespace: service.name }
    checkWebhookService(swapped, `${path}.service`, errors)
  }
  if (caBundle && !options.allowInvalidCaBundle) {
    const why = caBundleError(caBundle)
    if (why !== undefined) errors.push(invalidField(`${path}.caBundle`, caBundle, why))
  }
  return errors
}

/** Why a bundle, in base64, holds no certificates. After client-go transport rootCertPool. */
export function caBundleError(caBundle: string): string | undefined {
  const blocks = pemBlocks(Buffer.from(caBundle, 'base64').toString())
  const certificates = blocks.filter(({ type, hasHeaders }) => type === 'CERTIFICATE' && !hasHeaders)
  if (certificates.some(({ bytes }) => isCertificate(bytes))) return undefined
  if (certificates.length > 0)
    return 'unable to load root certificates: failed to parse certificate: x509: malformed certificate'
  return `unable to load root certificates: ${
    blocks.length === 0 ? 'unable to parse bytes as PEM block' : 'no valid certificate authority data seen'
  }`
}

function isCertificate(bytes: Buffer): boolean {
  try {
    return new X509Certificate(bytes).serialNumber !== ''
  } catch {
    // Whatever is wrong with it: it is none.
    return false
  }
}

function reviewVersionErrors(versions: readonly string[], path: string, options: ValidationOptions): FieldError[] {
  if (versions.length === 0) return [requiredField(path)]
  const errors: FieldError[] = []
  for (const [index, version] of versions.entries()) {
    if (versions.indexOf(version) < index) errors.push(invalidField(`${path}[${index}]`, version, 'duplicate version'))
    else for (const why of serviceLabelErrors(version)) errors.push(invalidField(`${path}[${index}]`, version, why))
  }
  if (options.requireRecognizedReviewVersion && !hasAcceptedReviewVersion(versions))
    errors.push(invalidField(path, versions, `must include at least one of ${acceptedReviewVersions.join(', ')}`))
  return errors
}
