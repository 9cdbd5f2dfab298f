import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { startTestNode, type TestNode, testImage } from '../../test/support/node.ts'
import type { Pod, PodSpec } from '../api/types/core/v1.ts'
import { pods } from '../api/types/resources.ts'

let node: TestNode

before(async () => {
  node = await startTestNode()
})
after(() => node?.close())

/** What the API's defaults would have filled in. */
function pod(name: string, spec: Partial<PodSpec>): Pod {
  const { containers = [], ...rest } = spec
  return {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name, namespace: 'default' },
    spec: {
      nodeName: 'node-1',
      restartPolicy: 'Always',
      terminationGracePeriodSeconds: 30,
      containers: containers.map((container) => ({
        image: testImage,
        imagePullPolicy: 'IfNotPresent',
        terminationMessagePath: '/dev/termination-log',
        terminationMessagePolicy: 'File',
        ...container,
      })),
      ...rest,
    },
  }
}

const isRunning = (one: Pod | undefined) => one?.status?.phase === 'Running'

test('a pod runs, and is gone after its deletion', async () => {
  await node.client.of(pods).create(pod('web', { containers: [{ name: 'c', command: ['sleep', '1000'] }] }))
  const running = await node.until('web', isRunning)
  assert.match(running?.status?.podIP ?? '', /^10\.211\./)
  assert.equal(running?.status?.containerStatuses?.[0]?.ready, true)
  await node.client.of(pods).delete('web', { namespace: 'default', gracePeriodSeconds: 1 })
  await node.until('web', (one) => one === undefined)
  await node.untilEmpty()
})
