import assert from 'node:assert/strict'
import { KeyObject, X509Certificate } from 'node:crypto'
import { test } from 'node:test'
import { systemClock } from '../platform/clock.ts'
import { CertificateAuthority, isFresh } from './certificates.ts'

const names = ['kubernetes.default.svc', '127.0.0.1', '::1', 'fd00::2']
const authority = await CertificateAuthority.create('kubets-ca', systemClock)
const server = await authority.issue({ commonName: 'kube-apiserver', names, usage: 'server' })

test('a server certificate is signed by its authority and good for its names', () => {
  const certificate = new X509Certificate(server.certificate)
  assert.ok(certificate.verify(new X509Certificate(authority.pair.certificate).publicKey))
  assert.equal(certificate.checkHost('kubernetes.default.svc'), 'kubernetes.default.svc')
  assert.equal(certificate.checkIP('127.0.0.1'), '127.0.0.1')
})

test('a client certificate carries the user and the groups', async () => {
  const { certificate } = await authority.issue({
    commonName: 'system:node:n1',
    organizations: ['system:nodes', 'extra'],
    usage: 'client',
  })
  assert.equal(new X509Certificate(certificate).subject, 'O=system:nodes\nO=extra\nCN=system:node:n1')
})

const freshness = [
  { title: 'a new certificate is fresh', names, afterDays: 0, fresh: true },
  { title: 'a certificate that lacks a name is not', names: [...names, '10.0.0.9'], afterDays: 0, fresh: false },
  { title: 'a certificate with two months left is not', names, afterDays: 305, fresh: false },
]
for (const { title, names, afterDays, fresh } of freshness) {
  test(title, () => {
    assert.equal(isFresh(server.certificate, names, systemClock.nowMs() + afterDays * 86_400_000), fresh)
  })
}

const foreign = [
  {
    title: 'RSA, as kubeadm makes them',
    algorithm: {
      name: 'RSASSA-PKCS1-v1_5',
      hash: 'SHA-256',
      modulusLength: 2048,
      publicExponent: new Uint8Array([1, 0, 1]),
    },
    type: 'pkcs1',
  },
  { title: 'ECDSA on another curve', algorithm: { name: 'ECDSA', namedCurve: 'P-384', hash: 'SHA-384' }, type: 'sec1' },
] as const
for (const { title, algorithm, type } of foreign) {
  test(`an authority of another cluster signs, too: ${title}`, async () => {
    await import('reflect-metadata')
    const { X509CertificateGenerator } = await import('@peculiar/x509')
    const keys = await crypto.subtle.generateKey(algorithm, true, ['sign', 'verify'])
    const name = 'CN=kubernetes'
    const certificate = await X509CertificateGenerator.createSelfSigned({ name, signingAlgorithm: algorithm, keys })
    const key = KeyObject.from(keys.privateKey).export({ type, format: 'pem' }).toString()
    const other = new CertificateAuthority({ certificate: certificate.toString('pem'), key }, systemClock)
    const issued = await other.issue({ commonName: 'admin', usage: 'client' })
    assert.ok(new X509Certificate(issued.certificate).verify(KeyObject.from(keys.publicKey)))
  })
}
