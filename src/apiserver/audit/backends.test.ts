import assert from 'node:assert/strict'
import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { silentLogger } from '../../platform/log.ts'
import { VirtualClock } from '../../platform/virtual-clock.ts'
import type { WebhookCall, WebhookClient } from '../webhook/webhook-client.ts'
import type { AuditEvent } from './audit-event.ts'
import { createAuditLog } from './log-backend.ts'
import { createAuditWebhook } from './webhook-backend.ts'

const event = (auditID: string, userAgent = ''): AuditEvent => ({
  kind: 'Event',
  apiVersion: 'audit.k8s.io/v1',
  level: 'Metadata',
  auditID,
  stage: 'ResponseComplete',
  requestURI: '/',
  verb: 'get',
  user: {},
  userAgent,
  requestReceivedTimestamp: '2026-01-01T00:00:00.000000Z',
  stageTimestamp: '2026-01-01T00:00:00.000000Z',
})

test('a log is rotated when it is full, and old files go', async () => {
  const directory = mkdtempSync(join(tmpdir(), 'kubets-audit-'))
  try {
    const clock = new VirtualClock()
    const path = join(directory, 'audit.log')
    const log = createAuditLog({ path, maxSizeMegabytes: 1, maxBackups: 2 }, clock, silentLogger)
    const half = 'x'.repeat(600 * 1024)
    for (const id of ['a', 'b', 'c', 'd', 'e']) {
      log.write(event(id, half))
      await clock.advanceMs(1_000)
    }
    await log.close()
    const files = readdirSync(directory).sort()
    assert.equal(files.length, 3)
    assert.match(files[0]!, /^audit-\d{4}-\d\d-\d\dT\d\d-\d\d-\d\d\.\d{3}\.log$/)
    const ids = files.map((file) => (JSON.parse(readFileSync(join(directory, file), 'utf8')) as AuditEvent).auditID)
    assert.deepEqual(ids, ['c', 'd', 'e'])
    assert.equal(statSync(path).mode & 0o777, 0o600)
  } finally {
    rmSync(directory, { recursive: true })
  }
})

function recordingClient(answer: () => Promise<unknown>) {
  const batches: string[][] = []
  const client: WebhookClient = {
    target: () => ({ url: 'https://audit' }),
    call: (_target, { body }: WebhookCall) => {
      batches.push((body as { items: AuditEvent[] }).items.map(({ auditID }) => auditID))
      return answer()
    },
  }
  return { batches, client }
}

test('a webhook gets events in batches, at the latest after half a minute', async () => {
  const clock = new VirtualClock()
  const { batches, client } = recordingClient(async () => ({}))
  const webhook = createAuditWebhook({ target: { url: 'https://audit' }, client, clock, log: silentLogger })
  for (let index = 0; index < 401; index++) webhook.write(event(`e${index}`))
  assert.deepEqual(
    batches.map(({ length }) => length),
    [400],
  )
  await clock.advanceMs(30_000)
  assert.deepEqual(batches[1], ['e400'])
  webhook.write(event('last'))
  await webhook.close()
  assert.deepEqual(batches[2], ['last'])
})

test('a batch that cannot be delivered is tried again', async () => {
  const clock = new VirtualClock()
  let failures = 2
  const { batches, client } = recordingClient(async () => {
    if (failures-- > 0) throw new Error('connection refused')
  })
  const webhook = createAuditWebhook({ target: { url: 'https://audit' }, client, clock, log: silentLogger })
  webhook.write(event('a'))
  await clock.advanceMs(30_000)
  await clock.advanceMs(10_000)
  await clock.advanceMs(15_000)
  await webhook.close()
  assert.deepEqual(batches, [['a'], ['a'], ['a']])
})
