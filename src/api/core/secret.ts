import { define } from '../define.ts'
import { ageColumn, nameColumn, text } from '../printing.ts'
import type { Secret } from '../types/core/v1.ts'
import { secrets } from '../types/resources.ts'
import { validateSecret, validateSecretUpdate } from '../validation/configuration.ts'
import { keyPairWarnings } from './key-pair.ts'

/** `stringData` is for writing only: it goes into `data`, over what stands there. */
function applyDefaults(secret: Secret): void {
  secret.type ||= 'Opaque'
  if (!secret.stringData) return
  for (const [key, value] of Object.entries(secret.stringData)) {
    secret.data ??= {}
    secret.data[key] = Buffer.from(value).toString('base64')
  }
  delete secret.stringData
}

export const secret = define(secrets, {
  validate: validateSecret,
  validateUpdate: validateSecretUpdate,
  applyDefaults,
  warnings: ({ type, data }) => (type === 'kubernetes.io/tls' ? keyPairWarnings(data ?? {}) : []),
  selectableFields: { type: (object) => object.type ?? '' },
  metadataChecksOnUpdate: ['change', 'whole'],
  columns: [
    nameColumn,
    text('Type', (object) => object.type ?? ''),
    text('Data', (object) => Object.keys(object.data ?? {}).length),
    ageColumn,
  ],
})
