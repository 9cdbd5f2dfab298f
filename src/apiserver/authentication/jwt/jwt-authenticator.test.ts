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

const issuer = { url: 'https://a', audiences: ['a'] }
const username = { claim: 'sub', prefix: '' }

for (const { title, jwt, want } of [
  {
    title: 'an issuer without TLS',
    jwt: { issuer: { url: 'http://a', audiences: ['a'] } },
    want: 'jwt[0].issuer.url: Invalid value: "http://a": URL scheme must be https',
  },
  {
    title: 'a rule of the wrong type',
    jwt: { issuer, claimMappings: { username }, claimValidationRules: [{ expression: 'claims.a' }] },
    want: 'jwt[0].claimValidationRules[0].expression: Invalid value: "claims.a": must evaluate to bool',
  },
  {
    title: 'an expression over an unknown field of the user',
    jwt: { issuer, claimMappings: { username }, userValidationRules: [{ expression: 'user.name == ""' }] },
    want:
      'jwt[0].userValidationRules[0].expression: Invalid value: "user.name == \\"\\"": compilation failed: ' +
      'ERROR: <input>:1:5: undefined field \'name\'\n | user.name == ""\n | ....^',
  },
  {
    title: 'addresses that nobody has verified as names',
    jwt: { issuer, claimMappings: { username: { expression: 'claims.email' } } },
    want:
      'jwt[0].claimMappings.username.expression: Invalid value: "claims.email": claims.email_verified must be used in ' +
      'claimMappings.username.expression or claimMappings.extra[*].valueExpression or ' +
      'claimValidationRules[*].expression when claims.email is used in claimMappings.username.expression',
  },
  {
    title: 'the same rule twice',
    jwt: { issuer, claimMappings: { username }, userValidationRules: [{ expression: 'true' }, { expression: 'true' }] },
    want: 'jwt[0].userValidationRules[1].expression: Duplicate value: "true"',
  },
  {
    title: 'a prefix beside an expression',
    jwt: { issuer, claimMappings: { username: { expression: 'claims.sub', prefix: 'x' } } },
    want: 'jwt[0].claimMappings.username.prefix: Invalid value: "x": may not be specified when expression is set',
  },
  {
    title: 'an authority that is no certificate',
    jwt: { issuer: { ...issuer, certificateAuthority: 'none' }, claimMappings: { username } },
    want:
      'jwt[0].issuer.certificateAuthority: Invalid value: "<omitted>": ' +
      'data does not contain any valid RSA or ECDSA certificates',
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
