import { test } from 'node:test'
import type { FlowSchema, PriorityLevelConfiguration } from '../../src/api/types/flowcontrol/v1.ts'
import { flowSchemas, priorityLevelConfigurations } from '../../src/api/types/resources.ts'
import { conformanceCluster } from './api.ts'
import { assertApiOperations } from './api-operations.ts'

const api = conformanceCluster({ components: ['apiserver'] })

const condition = (type: string) => ({
  type,
  status: 'False',
  reason: 'PatchStatus',
  message: 'patched by a test',
})

const flowSchema = (name: string): FlowSchema => ({
  metadata: { name },
  spec: {
    matchingPrecedence: 10_000,
    priorityLevelConfiguration: { name: 'global-default' },
    distinguisherMethod: { type: 'ByUser' },
    rules: [
      {
        subjects: [{ kind: 'User', user: { name: 'example-e2e-non-existent-user' } }],
        nonResourceRules: [{ verbs: ['*'], nonResourceURLs: ['*'] }],
      },
    ],
  },
})

const priorityLevel = (name: string): PriorityLevelConfiguration => ({
  metadata: { name },
  spec: { type: 'Limited', limited: { nominalConcurrencyShares: 2, limitResponse: { type: 'Reject' } } },
})

test('[sig-api-machinery] API priority and fairness should support FlowSchema API operations [Conformance]', async () => {
  await assertApiOperations(api(), {
    resource: flowSchemas,
    object: flowSchema,
    subresources: ['status'],
    status: {
      patch: { status: { conditions: [condition('PatchStatusFailed')] } },
      at: 'status.conditions[type=PatchStatusFailed].reason',
      value: 'PatchStatus',
    },
  })
})

test('[sig-api-machinery] API priority and fairness should support PriorityLevelConfiguration API operations [Conformance]', async () => {
  await assertApiOperations(api(), {
    resource: priorityLevelConfigurations,
    object: priorityLevel,
    subresources: ['status'],
    status: {
      patch: { status: { conditions: [condition('PatchStatusFailed')] } },
      at: 'status.conditions[type=PatchStatusFailed].reason',
      value: 'PatchStatus',
    },
  })
})
