import { X509Certificate } from 'node:crypto'

/** The certificates of a PEM bundle. Throws for one that cannot be read. */
export function certificatesOf(pem: string): X509Certificate[] {
  const blocks = pem.match(/-----BEGIN CERTIFICATE-----[\s\S]*?-----END CERTIFICATE-----/g) ?? []
  return blocks.map((block) => new X509Certificate(block))
}

/** Whether one of the authorities has signed the certificate, or the one that signed it. Says nothing about time. */
export function isSignedBy(authorities: readonly X509Certificate[], certificate: X509Certificate): boolean {
  for (let next: X509Certificate | undefined = certificate; next; next = issuerOf(next)) {
    const link = next
    if (authorities.some((authority) => link.checkIssued(authority) && link.verify(authority.publicKey))) return true
  }
  return false
}

/** As far as the handshake has told. */
function issuerOf(certificate: X509Certificate): X509Certificate | undefined {
  const issuer = certificate.issuerCertificate
  return issuer && !issuer.raw.equals(certificate.raw) ? issuer : undefined
}
