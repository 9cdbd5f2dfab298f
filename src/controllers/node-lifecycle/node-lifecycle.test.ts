import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Node, Taint, Toleration } from '../../api/types/core/v1.ts'
import { formatTime } from '../../machinery/time.ts'
import { planNodeHealth } from './node-health.ts'
import { noExecuteTaints, noScheduleTaints, toleratedForMs } from './taints.ts'
import { judgeZones } from './zones.ts'

const nowMs = Date.UTC(2026, 0, 1)
const node = (status: string | undefined, extra: Partial<Node> = {}): Node => ({
  metadata: { name: 'n', creationTimestamp: formatTime(nowMs - 3_600_000), ...extra.metadata },
  spec: { ...extra.spec },
  status: { conditions: status ? [{ type: 'Ready', status, lastHeartbeatTime: 'h1' }] : [] },
})

const healthRows: [title: string, silentMs: number, of: Node, renewTime: string, want: string | undefined][] = [
  ['a node heard of 50 s ago is healthy', 50_000, node('True'), 'r1', undefined],
  ['a node not heard of for longer is unknown', 50_001, node('True'), 'r1', 'NodeStatusUnknown'],
  ['a renewed lease is a sign of life', 50_001, node('True'), 'r2', undefined],
  ['a node that never posted a status has 60 s', 60_000, node(undefined), 'r1', undefined],
  ['then it is unknown too', 60_001, node(undefined), 'r1', 'NodeStatusNeverUpdated'],
  [
    'a node that is unknown already is not written again',
    99_000,
    {
      ...node('Unknown'),
      status: {
        conditions: ['Ready', 'MemoryPressure', 'DiskPressure', 'PIDPressure'].map((type) => ({
          type,
          status: 'Unknown',
          lastHeartbeatTime: 'h1',
        })),
      },
    },
    'r1',
    undefined,
  ],
]
for (const [title, silentMs, of, renewTime, want] of healthRows) {
  test(title, () => {
    const heartbeat = of.status?.conditions?.length ? 'h1' : undefined
    const health = { heartbeat, renewTime: 'r1', seenMs: nowMs - silentMs }
    const { conditions } = planNodeHealth({ node: of, renewTime, health, nowMs })
    assert.equal(conditions?.find(({ type }) => type === 'Ready')?.reason, want)
  })
}

test('conditions become NoSchedule taints and cordoning does; taints of others stay', () => {
  const own: Taint = { key: 'team', value: 'a', effect: 'NoSchedule' }
  const stale: Taint = { key: 'node.kubernetes.io/disk-pressure', effect: 'NoSchedule' }
  const of: Node = {
    spec: { unschedulable: true, taints: [own, stale] },
    status: { conditions: [{ type: 'Ready', status: 'False' }] },
  }
  assert.deepEqual(
    noScheduleTaints(of, nowMs)?.map(({ key }) => key),
    ['team', 'node.kubernetes.io/not-ready', 'node.kubernetes.io/unschedulable'],
  )
  assert.equal(
    noScheduleTaints({ spec: { taints: [own] }, status: { conditions: [{ type: 'Ready', status: 'True' }] } }, nowMs),
    undefined,
  )
})

test('the NoExecute taint follows the node from not ready to unreachable and goes when it is back', () => {
  const notReady = noExecuteTaints(node('False'), 'node.kubernetes.io/not-ready', nowMs)
  assert.deepEqual(
    notReady?.map(({ key }) => key),
    ['node.kubernetes.io/not-ready'],
  )
  const unreachable = noExecuteTaints(
    node('Unknown', { spec: { taints: notReady! } }),
    'node.kubernetes.io/unreachable',
    nowMs,
  )
  assert.deepEqual(
    unreachable?.map(({ key }) => key),
    ['node.kubernetes.io/unreachable'],
  )
  assert.deepEqual(noExecuteTaints(node('True', { spec: { taints: unreachable! } }), undefined, nowMs), [])
  assert.equal(noExecuteTaints(node('True'), undefined, nowMs), undefined)
})

const taint: Taint = { key: 'k', value: 'v', effect: 'NoExecute' }
const tolerationRows: [title: string, tolerations: Toleration[], want: number | undefined][] = [
  ['nothing tolerates it', [], 0],
  ['another value', [{ key: 'k', value: 'w' }], 0],
  ['another effect', [{ key: 'k', operator: 'Exists', effect: 'NoSchedule' }], 0],
  ['the same value, for ever', [{ key: 'k', value: 'v' }], undefined],
  ['everything is tolerated', [{ operator: 'Exists' }], undefined],
  ['for a time', [{ key: 'k', operator: 'Exists', tolerationSeconds: 300 }], 300_000],
  ['for a time that is over', [{ key: 'k', operator: 'Exists', tolerationSeconds: -1 }], 0],
]
for (const [title, tolerations, want] of tolerationRows) {
  test(`a taint and ${title}`, () => assert.equal(toleratedForMs([taint], tolerations), want))
}

const many = (ready: number, notReady: number) =>
  [...Array(ready).fill(node('True')), ...Array(notReady).fill(node('Unknown'))] as Node[]
const zoneRows: [title: string, nodes: Node[], down: boolean, rate: number | undefined][] = [
  ['one of two nodes down', many(1, 1), false, 0.1],
  ['most of a small zone down: nobody is evicted', many(2, 3), false, 0],
  ['most of a large zone down: slowly', many(20, 40), false, 0.01],
  ['everything down: nobody is evicted', many(0, 2), true, 0.1],
  ['no nodes', [], false, undefined],
]
for (const [title, nodes, down, rate] of zoneRows) {
  test(`zones: ${title}`, () => {
    const verdict = judgeZones(nodes)
    assert.deepEqual([verdict.everythingIsDown, verdict.ratePerSecond.get('')], [down, rate])
  })
}
