import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { PodCondition, PodStatus } from '../../../api/types/core/v1.ts'
import { statusPatch } from './status-patch.ts'

const rows: { title: string; from: PodStatus; to: PodStatus; want: object | undefined }[] = [
  { title: 'equal statuses need none', from: { phase: 'Running' }, to: { phase: 'Running' }, want: undefined },
  {
    title: 'a changed field is sent',
    from: { phase: 'Pending' },
    to: { phase: 'Running' },
    want: { phase: 'Running' },
  },
  { title: 'a field that is gone becomes null', from: { reason: 'x' }, to: {}, want: { reason: null } },
  {
    title: 'what others own is left alone',
    from: { nominatedNodeName: 'n', phase: 'Pending' },
    to: { phase: 'Pending' },
    want: undefined,
  },
  {
    title: 'a null of the API is nothing',
    from: { conditions: [{ type: 'Ready', status: 'True', lastProbeTime: null } as unknown as PodCondition] },
    to: { conditions: [{ type: 'Ready', status: 'True' }] },
    want: undefined,
  },
  {
    title: 'nor is one of a condition that was taken over from there',
    from: {
      conditions: [{ type: 'DisruptionTarget', status: 'True', lastProbeTime: null } as unknown as PodCondition],
    },
    to: { conditions: [{ type: 'DisruptionTarget', status: 'True', lastProbeTime: null } as unknown as PodCondition] },
    want: undefined,
  },
  {
    title: 'addresses replace each other',
    from: { podIPs: [{ ip: '10.0.0.1' }] },
    to: { podIPs: [{ ip: '10.0.0.2' }] },
    want: { podIPs: [{ $patch: 'replace' }, { ip: '10.0.0.2' }] },
  },
  {
    title: 'only changed conditions are sent, and lose what they no longer have',
    from: {
      conditions: [
        { type: 'Ready', status: 'False', reason: 'ContainersNotReady' },
        { type: 'PodScheduled', status: 'True' },
      ],
    },
    to: {
      conditions: [
        { type: 'Ready', status: 'True' },
        { type: 'PodScheduled', status: 'True' },
      ],
    },
    want: { conditions: [{ type: 'Ready', status: 'True', reason: null }] },
  },
]

for (const { title, from, to, want } of rows) {
  test(`status patch: ${title}`, () => {
    const expected = want && { metadata: { uid: 'u' }, status: want }
    assert.deepEqual(statusPatch('u', from, to), expected)
  })
}
