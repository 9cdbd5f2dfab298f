import assert from 'node:assert/strict'
import { X509Certificate } from 'node:crypto'
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
