/** Whom a certificate is asked for. */
export interface CertificateSubject {
  readonly commonName: string
  readonly organizations: readonly string[]
}

/**
 * The subject of a request: PEM, in base64. Throws when it is none. The library is loaded when first needed: it would
 * cost every start 30 ms.
 */
export async function certificateSubject(request: string): Promise<CertificateSubject> {
  await import('reflect-metadata')
  const { Pkcs10CertificateRequest } = await import('@peculiar/x509')
  const { subjectName } = new Pkcs10CertificateRequest(Buffer.from(request, 'base64').toString())
  return { commonName: subjectName.getField('CN')[0] ?? '', organizations: subjectName.getField('O') }
}
