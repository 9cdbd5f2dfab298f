import assert from 'node:assert/strict'
import { generateKeyPairSync } from 'node:crypto'
import { test } from 'node:test'
import { keyPairWarnings } from './key-pair.ts'

const key = generateKeyPairSync('ec', { namedCurve: 'P-256' })
  .privateKey.export({ type: 'pkcs8', format: 'pem' })
  .toString()
const block = (type: string) => `-----BEGIN ${type}-----\nAAAA\n-----END ${type}-----\n`

const rows: { title: string; certificate: string; key: string; warning: string }[] = [
  { title: 'nothing', certificate: '', key: '', warning: 'failed to find any PEM data in certificate input' },
  {
    title: 'a key in place of the certificate',
    certificate: key,
    key,
    warning:
      'failed to find certificate PEM data in certificate input, but did find a private key; PEM inputs may have been switched',
  },
  {
    title: 'something else in place of the certificate',
    certificate: block('X'),
    key,
    warning:
      'failed to find "CERTIFICATE" PEM block in certificate input after skipping PEM blocks of the following types: [X]',
  },
  {
    title: 'no key',
    certificate: block('CERTIFICATE'),
    key: '',
    warning: 'failed to find any PEM data in key input',
  },
  {
    title: 'a certificate in place of the key',
    certificate: block('CERTIFICATE'),
    key: block('CERTIFICATE'),
    warning: 'found a certificate rather than a key in the PEM for the private key',
  },
]

for (const { title, certificate, key, warning } of rows) {
  test(`a key pair of ${title}`, () => {
    const data = { 'tls.crt': btoa(certificate), 'tls.key': btoa(key) }
    assert.deepEqual(keyPairWarnings(data), [`tls: ${warning}`])
  })
}
