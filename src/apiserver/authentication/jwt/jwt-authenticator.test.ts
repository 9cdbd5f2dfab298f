import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import type { JWTPayload } from 'jose'
import { startTokenIssuer, type TokenIssuer } from '../../../../test/support/token-issuer.ts'
import { systemClock } from '../../../platform/clock.ts'
import type { TokenAuthenticator } from '../authenticator.ts'
import { parseAuthenticationConfiguration } from './configuration.ts'
import { jwtAuthenticator } from './jwt-authenticator.ts'
import { jwtFromOidcFlags } from './oidc-flags.ts'

describe('a token of an issuer', () => {
  let issuer: TokenIssuer
  before(async () => {
    issuer = await startTokenIssuer()
  })
  after(() => issuer.stop())

  const mappings = { username: { claim: 'sub', prefix: '' }, groups: { claim: 'groups', prefix: 'oidc:' } }

  function authenticatorBy(more: object): TokenAuthenticator {
    const { url, certificateAuthority } = issuer
    const jwt = { issuer: { url, certificateAuthority, audiences: ['kubets'] }, claimMappings: mappings, ...more }
    const text = JSON.stringify({
      apiVersion: 'apiserver.config.k8s.io/v1',
      kind: 'AuthenticationConfiguration',
      jwt: [jwt],
    })
    return jwtAuthenticator(parseAuthenticationConfiguration(text, []).jwt[0]!, systemClock)
  }

  interface Row {
    readonly title: string
    readonly claims: JWTPayload
    readonly more?: object
    readonly want?: object
    readonly refused?: RegExp
  }

  const rows: Row[] = [
    {
      title: 'names user and groups',
      claims: { groups: ['a', 'b'], jti: 'x' },
      want: {
        name: 'sub-1',
        groups: ['oidc:a', 'oidc:b'],
        extra: { 'authentication.kubernetes.io/credential-id': ['JTI=x'] },
      },
    },
    { title: 'for another audience is refused', claims: { aud: 'other' }, refused: /"aud"/ },
    { title: 'whose time is over is refused', claims: { exp: 1_000_000 }, refused: /expired|"exp"/ },
    {
      title: 'without a required claim is refused',
      claims: {},
      more: { claimValidationRules: [{ claim: 'hd', requiredValue: 'example.com' }] },
      refused: /required claim hd not present in ID token/,
    },
    {
      title: 'is mapped by expressions',
      claims: { realm: { roles: ['admin'] }, email: 'a@example.com', email_verified: true },
      more: {
        claimMappings: {
          username: { expression: "'ext:' + claims.sub" },
          groups: { expression: 'claims.realm.roles' },
          uid: { expression: 'claims.email' },
          extra: [{ key: 'example.com/mail', valueExpression: 'claims.email' }],
        },
      },
      want: {
        name: 'ext:sub-1',
        uid: 'a@example.com',
        groups: ['admin'],
        extra: { 'example.com/mail': ['a@example.com'] },
      },
    },
    {
      title: 'that fails a rule over its claims is refused with the message',
      claims: { level: 1 },
      more: { claimValidationRules: [{ expression: 'claims.level > 2', message: 'too low' }] },
      refused: /validation expression 'claims.level > 2' failed: too low/,
    },
    {
      title: 'whose user fails a rule is refused',
      claims: { sub: 'system:admin' },
      more: { userValidationRules: [{ expression: "!user.username.startsWith('system:')", message: 'reserved' }] },
      refused: /failed: reserved/,
    },
  ]

  for (const { title, claims, more = {}, want, refused } of rows) {
    test(title, async () => {
      const authenticated = authenticatorBy(more).authenticateToken(await issuer.sign(claims), ['api'])
      if (refused) await assert.rejects(Promise.resolve(authenticated), refused)
      else assert.deepEqual((await authenticated)?.user, want)
    })
  }

  test('of somebody else is left to others', async () => {
    const token = await issuer.sign({ iss: 'https://other.example.com' })
    assert.equal(await authenticatorBy({}).authenticateToken(token, []), undefined)
    assert.equal(await authenticatorBy({}).authenticateToken('no-token', []), undefined)
  })

  test('by flags has the issuer before its user names', async () => {
    const { url: issuerUrl, certificateAuthority } = issuer
    const flags = jwtFromOidcFlags({ issuerUrl, clientId: 'kubets', certificateAuthority })
    const found = await jwtAuthenticator(flags, systemClock).authenticateToken(await issuer.sign({}), [])
    assert.equal(found?.user.name, `${issuerUrl}#sub-1`)
  })
})

for (const { title, jwt, want } of [
  {
    title: 'an issuer without TLS',
    jwt: { issuer: { url: 'http://a', audiences: ['a'] } },
    want: 'jwt[0].issuer.url: Invalid value: "http://a": URL scheme must be https',
  },
  {
    title: 'an expression of the wrong type',
    jwt: { issuer: { url: 'https://a', audiences: ['a'] }, claimMappings: { username: { expression: '1 + 1' } } },
    want: 'jwt[0].claimMappings.username.expression: Invalid value: "1 + 1": must evaluate to string',
  },
  {
    title: 'a field that there is not',
    jwt: { issuer: { url: 'https://a', audiences: ['a'], audience: 'b' } },
    want: 'strict decoding error: unknown field "jwt[0].issuer.audience"',
  },
]) {
  test(`a configuration with ${title} is refused`, () => {
    const text = JSON.stringify({
      apiVersion: 'apiserver.config.k8s.io/v1',
      kind: 'AuthenticationConfiguration',
      jwt: [jwt],
    })
    assert.throws(() => jwtAuthenticator(parseAuthenticationConfiguration(text, []).jwt[0]!, systemClock), {
      message: want,
    })
  })
}
