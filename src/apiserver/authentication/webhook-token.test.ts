import assert from 'node:assert/strict'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, test } from 'node:test'
import { stringify } from 'yaml'
import { StatusError } from '../../machinery/status.ts'
import { VirtualClock } from '../../platform/virtual-clock.ts'
import type { WebhookClient } from '../webhook/webhook-client.ts'
import { type AuthenticatedToken, AuthenticationError } from './authenticator.ts'
import { webhookTokenAuthenticator } from './webhook-token.ts'

let folder: string
let kubeconfigPath: string
before(() => {
  folder = mkdtempSync(join(tmpdir(), 'kubets-tokens-'))
  kubeconfigPath = join(folder, 'kubeconfig')
  const named = { clusters: [{ name: 'a', cluster: { server: 'https://a' } }], users: [{ name: 'a', user: {} }] }
  const contexts = [{ name: 'a', context: { cluster: 'a', user: 'a' } }]
  writeFileSync(kubeconfigPath, stringify({ ...named, contexts, 'current-context': 'a' }))
})
after(() => rmSync(folder, { recursive: true, force: true }))

function webhookThatAnswers(status: object | StatusError) {
  const clock = new VirtualClock(0)
  let asked = 0
  const client: WebhookClient = {
    target: () => assert.fail('objects name no webhook here'),
    async call() {
      asked++
      if (status instanceof StatusError) throw status
      return { status }
    },
  }
  const dependencies = { client, clock, random: () => 0, ownAudiences: ['own'] }
  const authenticator = webhookTokenAuthenticator({ kubeconfigPath }, dependencies)
  const authenticate = async (audiences = ['own']) => authenticator.authenticateToken('token', audiences)
  return { clock, authenticate, asked: () => asked }
}

const jane = { username: 'jane', groups: ['devs'] }
const user = { name: 'jane', groups: ['devs'], extra: {} }

describe('a token that a webhook is asked about', () => {
  const rows: { title: string; status: object; audiences?: string[]; want: AuthenticatedToken | undefined }[] = [
    {
      title: 'is meant for this server where nothing is said of audiences',
      status: { authenticated: true, user: jane },
      want: { user, audiences: ['own'] },
    },
    {
      title: 'is good for those audiences that both name',
      status: { authenticated: true, user: jane, audiences: ['a', 'b'] },
      audiences: ['b', 'c'],
      want: { user, audiences: ['b'] },
    },
    {
      title: 'is no good for other audiences',
      status: { authenticated: true, user: jane, audiences: ['a'] },
      want: undefined,
    },
    {
      title: 'is left to others where the webhook does not know it',
      status: { authenticated: false },
      want: undefined,
    },
  ]
  for (const { title, status, audiences, want } of rows) {
    test(title, async () => assert.deepEqual(await webhookThatAnswers(status).authenticate(audiences), want))
  }

  test('is refused where the webhook says why', async () => {
    const { authenticate } = webhookThatAnswers({ authenticated: false, error: 'revoked' })
    await assert.rejects(authenticate(), (error) => error instanceof AuthenticationError && error.message === 'revoked')
  })

  test('is refused where the webhook cannot be asked', async () => {
    const failure = new StatusError({ code: 503, reason: 'ServiceUnavailable', message: 'closed' })
    const { authenticate, asked } = webhookThatAnswers(failure)
    await assert.rejects(authenticate(), (error) => error instanceof AuthenticationError && error.message === 'closed')
    assert.equal(asked(), 1)
  })

  test('is remembered for two minutes', async () => {
    const { authenticate, clock, asked } = webhookThatAnswers({ authenticated: true, user: jane })
    await authenticate()
    await clock.advanceMs(119_000)
    await authenticate()
    assert.equal(asked(), 1)
    await clock.advanceMs(2_000)
    await authenticate()
    assert.equal(asked(), 2)
  })

  test('is not remembered where something went wrong over there', async () => {
    const { authenticate, asked } = webhookThatAnswers({ authenticated: false, error: 'try again' })
    await assert.rejects(authenticate())
    await assert.rejects(authenticate())
    assert.equal(asked(), 2)
  })
})
