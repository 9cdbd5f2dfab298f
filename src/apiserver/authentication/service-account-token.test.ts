import assert from 'node:assert/strict'
import { generateKeyPairSync } from 'node:crypto'
import { describe, test } from 'node:test'
import { FakeReader } from '../../../test/support/fake-reader.ts'
import { nodes, pods, serviceAccounts } from '../../api/types/resources.ts'
import { isStatus } from '../../machinery/status.ts'
import { VirtualClock } from '../../platform/virtual-clock.ts'
import { AuthenticationError } from './authenticator.ts'
import { signingKey } from './service-account-keys.ts'
import { serviceAccountTokenAuthenticator } from './service-account-token.ts'
import { issueToken } from './token-request.ts'

const issuer = 'https://issuer'
const audiences = [issuer]

function newKey() {
  const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
  return signingKey(privateKey.export({ type: 'pkcs8', format: 'pem' }) as string)
}

function setUp() {
  const clock = new VirtualClock()
  const key = newKey()
  const reader = new FakeReader()
    .put(serviceAccounts, { metadata: { name: 'app', namespace: 'shop' } })
    .put(nodes, { metadata: { name: 'n1' } })
    .put(pods, {
      metadata: { name: 'web', namespace: 'shop' },
      spec: { nodeName: 'n1', serviceAccountName: 'app', containers: [] },
    })
  const authenticator = serviceAccountTokenAuthenticator({ issuers: [issuer], audiences, keys: [key], reader, clock })
  const issue = async (spec: object, name = 'app') => {
    const request = { spec: { audiences: [] as string[], ...spec }, status: undefined as { token: string } | undefined }
    const signer = { reader, clock, key, issuer, audiences, maxExpirationSeconds: undefined, extendExpiration: true }
    await issueToken(request as never, { namespace: 'shop', name, warn: () => assert.fail('no warning') }, signer)
    return request.status!.token
  }
  return { clock, reader, authenticator, issue }
}

const boundToPod = { boundObjectRef: { apiVersion: 'v1', kind: 'Pod', name: 'web', uid: 'uid-of-web' } }

describe('a service account token', () => {
  test('tells account, Pod and node', async () => {
    const { authenticator, issue } = setUp()
    const found = await authenticator.authenticateToken(await issue(boundToPod), audiences)
    assert.equal(found?.user.name, 'system:serviceaccount:shop:app')
    assert.deepEqual(found.user.groups, ['system:serviceaccounts', 'system:serviceaccounts:shop'])
    assert.deepEqual(found.user.extra['authentication.kubernetes.io/pod-name'], ['web'])
    assert.deepEqual(found.user.extra['authentication.kubernetes.io/node-uid'], ['uid-of-n1'])
  })

  const refusals: {
    title: string
    spec?: object
    after: (context: ReturnType<typeof setUp>) => unknown
    why: RegExp
  }[] = [
    { title: 'when it has expired', after: ({ clock }) => clock.advanceMs(3_700_000), why: /expired/ },
    {
      title: 'when its account is gone',
      after: ({ reader }) => reader.remove(serviceAccounts, 'shop/app'),
      why: /invalidated/,
    },
    {
      title: 'when its account is another of the same name',
      after: ({ reader }) => reader.put(serviceAccounts, { metadata: { name: 'app', namespace: 'shop', uid: 'new' } }),
      why: /does not match claim/,
    },
    {
      title: 'when its Pod is gone',
      spec: boundToPod,
      after: ({ reader }) => reader.remove(pods, 'shop/web'),
      why: /its pod is gone/,
    },
    {
      title: 'when it is meant for others',
      spec: { audiences: ['vault'] },
      after: () => {},
      why: /is invalid for the target audiences/,
    },
  ]
  for (const { title, spec = {}, after, why } of refusals) {
    test(`is refused ${title}`, async () => {
      const context = setUp()
      const token = await context.issue(spec)
      await after(context)
      await assert.rejects(
        async () => context.authenticator.authenticateToken(token, audiences),
        (error) => error instanceof AuthenticationError && why.test(error.message),
      )
    })
  }

  test('is refused when another key has signed it', async () => {
    const token = await setUp().issue({})
    await assert.rejects(async () => setUp().authenticator.authenticateToken(token, audiences), AuthenticationError)
  })

  test('of somebody else is none of ours', async () => {
    assert.equal(await setUp().authenticator.authenticateToken('not.a.jwt', audiences), undefined)
  })

  test('is not made for a Pod of another account', async () => {
    const { reader, issue } = setUp()
    reader.put(serviceAccounts, { metadata: { name: 'other', namespace: 'shop' } })
    await assert.rejects(issue(boundToPod, 'other'), (error) => isStatus(error, 'BadRequest'))
  })

  test('lives ten minutes at least', async () => {
    await assert.rejects(setUp().issue({ expirationSeconds: 60 }), (error) => isStatus(error, 'Invalid'))
  })
})
