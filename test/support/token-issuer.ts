import { once } from 'node:events'
import https from 'node:https'
import type { AddressInfo } from 'node:net'
import { exportJWK, generateKeyPair, type JWTPayload, SignJWT } from 'jose'
import { CertificateAuthority } from '../../src/cluster/certificates.ts'
import { systemClock } from '../../src/platform/clock.ts'

/** An OpenID Connect issuer: its documents over HTTPS, and tokens as it would sign them. */
export interface TokenIssuer {
  readonly url: string
  /** PEM. */
  readonly certificateAuthority: string
  /** A token for an hour, for the audience `kubets` if the claims say nothing else. */
  sign(claims: JWTPayload): Promise<string>
  stop(): Promise<void>
}

export async function startTokenIssuer(): Promise<TokenIssuer> {
  const authority = await CertificateAuthority.create('issuer-ca', systemClock)
  const { certificate, key } = await authority.issue({ commonName: 'issuer', names: ['localhost'], usage: 'server' })
  const { publicKey, privateKey } = await generateKeyPair('RS256')
  const jwk = { ...(await exportJWK(publicKey)), kid: 'k1', alg: 'RS256', use: 'sig' }
  const server = https.createServer({ cert: certificate, key }, (request, response) => {
    const url = `https://localhost:${(server.address() as AddressInfo).port}`
    const documents: Record<string, object> = {
      '/.well-known/openid-configuration': { issuer: url, jwks_uri: `${url}/keys` },
      '/keys': { keys: [jwk] },
    }
    const document = documents[request.url ?? '']
    response.writeHead(document ? 200 : 404, { 'content-type': 'application/json' })
    response.end(JSON.stringify(document ?? {}))
  })
  server.listen(0, 'localhost')
  await once(server, 'listening')
  const url = `https://localhost:${(server.address() as AddressInfo).port}`
  return {
    url,
    certificateAuthority: authority.pair.certificate,
    sign: (claims) =>
      new SignJWT({ iss: url, aud: 'kubets', sub: 'sub-1', ...claims })
        .setProtectedHeader({ alg: 'RS256', kid: 'k1' })
        .setIssuedAt()
        .setExpirationTime(claims.exp ?? '1h')
        .sign(privateKey),
    async stop() {
      server.closeAllConnections()
      server.close()
      await once(server, 'close')
    },
  }
}
