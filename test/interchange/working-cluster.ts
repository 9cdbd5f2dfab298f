import assert from 'node:assert/strict'
import type { Deployment } from '../../src/api/types/apps/v1.ts'
import type { Pod, PodTemplateSpec } from '../../src/api/types/core/v1.ts'
import {
  configMaps,
  daemonSets,
  deployments,
  endpointSlices,
  jobs,
  namespaces,
  nodes,
  podDisruptionBudgets,
  pods,
  replicaSets,
  resourceQuotas,
  serviceAccounts,
  services,
  statefulSets,
} from '../../src/api/types/resources.ts'
import type { Client } from '../../src/client/client.ts'
import { isStatus } from '../../src/machinery/status.ts'
import { until } from '../support/processes.ts'

const namespace = 'swapped'
const inNamespace = { namespace }
const labels = (app: string) => ({ matchLabels: { app } })
const template = (app: string, image = 'example.net/app:1'): PodTemplateSpec => ({
  metadata: { labels: { app } },
  spec: { containers: [{ name: 'c', image }], terminationGracePeriodSeconds: 0 },
})

export interface WorkingStep {
  readonly title: string
  readonly run: (client: Client) => Promise<unknown>
}

const timing = { timeoutMs: 60_000, pollMs: 200 }

async function podsOf(client: Client, app: string): Promise<readonly Pod[]> {
  return (await client.of(pods).list({ namespace, labelSelector: `app=${app}` })).items as readonly Pod[]
}

/** Which of the states that a loop brings about is there now; for the error. */
function untilSo<T>(what: string, look: () => Promise<T>, isSo: (found: T) => boolean): Promise<unknown> {
  let found: T
  return until(
    what,
    async () => {
      found = await look()
      return isSo(found)
    },
    { ...timing, describe: () => JSON.stringify(found) },
  )
}

async function isGone(look: Promise<unknown>): Promise<boolean> {
  try {
    await look
    return false
  } catch (error) {
    if (isStatus(error, 'NotFound')) return true
    throw error
  }
}

/**
 * What scheduler and controllers do for a cluster of two nodes that only say they run Pods, step by step: each needs
 * the ones before. Whichever programs do it, it has to come out the same.
 */
export const workingSteps: readonly WorkingStep[] = [
  {
    title: 'nodes are Ready and their taints gone',
    run: (client) =>
      untilSo(
        'two nodes without taints',
        async () => (await client.of(nodes).list()).items,
        (items) => items.length === 2 && items.every(({ spec }) => !spec?.taints?.length),
      ),
  },
  {
    title: 'a namespace gets its account and its authority',
    run: async (client) => {
      await client.of(namespaces).create({ metadata: { name: namespace } })
      await until(
        'the account',
        async () => !(await isGone(client.of(serviceAccounts).get('default', inNamespace))),
        timing,
      )
      await until(
        'the authority',
        async () => !(await isGone(client.of(configMaps).get('kube-root-ca.crt', inNamespace))),
        timing,
      )
    },
  },
  {
    title: 'a Deployment runs its Pods on both nodes',
    run: async (client) => {
      await client.of(deployments).create({
        metadata: { name: 'web', namespace },
        spec: { replicas: 4, selector: labels('web'), template: template('web') },
      })
      const look = async () => (await client.of(deployments).get('web', inNamespace)).status
      await untilSo('four replicas', look, (status) => status?.availableReplicas === 4)
      const names = (await podsOf(client, 'web')).map(({ spec }) => spec?.nodeName)
      assert.equal(new Set(names).size, 2)
    },
  },
  {
    title: 'a Service has an endpoint for each',
    run: async (client) => {
      await client.of(services).create({
        metadata: { name: 'web', namespace },
        spec: { selector: { app: 'web' }, ports: [{ port: 80 }] },
      })
      const selector = { namespace, labelSelector: 'kubernetes.io/service-name=web' }
      const look = async () =>
        (await client.of(endpointSlices).list(selector)).items.flatMap(({ endpoints }) => endpoints)
      await untilSo('four endpoints', look, (endpoints) => endpoints.length === 4)
    },
  },
  {
    title: 'a quota and a disruption budget count them',
    run: async (client) => {
      await client.of(resourceQuotas).create({ metadata: { name: 'all', namespace }, spec: { hard: { pods: '50' } } })
      await client.of(podDisruptionBudgets).create({
        metadata: { name: 'web', namespace },
        spec: { minAvailable: 3, selector: labels('web') },
      })
      const quota = async () => (await client.of(resourceQuotas).get('all', inNamespace)).status?.used
      await untilSo('four Pods counted', quota, (used) => used?.pods === '4')
      const budget = async () => (await client.of(podDisruptionBudgets).get('web', inNamespace)).status
      await untilSo('one may go', budget, (status) => status?.disruptionsAllowed === 1)
    },
  },
  {
    title: 'a rolling update replaces every Pod, and undoing it brings the first set back',
    run: async (client) => {
      for (const image of ['example.net/app:2', 'example.net/app:1']) {
        const patch = { spec: { template: { spec: { containers: [{ name: 'c', image }] } } } }
        const { metadata } = await client.of(deployments).patch('web', patch, { namespace, type: 'strategic' })
        const isDone = ({ status }: Deployment) =>
          status?.observedGeneration === metadata.generation &&
          status?.updatedReplicas === 4 &&
          status.availableReplicas === 4 &&
          status.replicas === 4
        const look = async () => (await client.of(deployments).get('web', inNamespace)) as Deployment
        await untilSo(`all on ${image}`, look, isDone)
      }
      assert.equal((await client.of(replicaSets).list(inNamespace)).items.length, 2)
    },
  },
  {
    title: 'a StatefulSet and a DaemonSet place theirs',
    run: async (client) => {
      await client.of(statefulSets).create({
        metadata: { name: 'db', namespace },
        spec: { replicas: 2, serviceName: 'db', selector: labels('db'), template: template('db') },
      })
      await client.of(daemonSets).create({
        metadata: { name: 'agent', namespace },
        spec: { selector: labels('agent'), template: template('agent') },
      })
      const stateful = async () => (await client.of(statefulSets).get('db', inNamespace)).status
      await untilSo('db-0 and db-1', stateful, (status) => status?.availableReplicas === 2)
      const daemons = async () => (await client.of(daemonSets).get('agent', inNamespace)).status
      await untilSo('one a node', daemons, (status) => status?.numberAvailable === 2)
    },
  },
  {
    title: 'a Job is complete when its Pods say so',
    run: async (client) => {
      const spec = { ...template('job').spec!, restartPolicy: 'Never' }
      await client.of(jobs).create({
        metadata: { name: 'job', namespace },
        spec: { completions: 2, parallelism: 2, template: { metadata: { labels: { app: 'job' } }, spec } },
      })
      await untilSo(
        'two running Pods',
        () => podsOf(client, 'job'),
        (items) => items.length === 2 && items.every(({ status }) => status?.phase === 'Running'),
      )
      for (const { metadata } of await podsOf(client, 'job')) {
        const status = { phase: 'Succeeded' }
        await client.of(pods).patch(metadata!.name!, { status }, { namespace, type: 'merge', subresource: 'status' })
      }
      const look = async () => (await client.of(jobs).get('job', inNamespace)).status
      await untilSo('complete', look, (status) => status?.succeeded === 2 && status.completionTime !== undefined)
    },
  },
  {
    title: 'what an owner leaves behind is collected',
    run: async (client) => {
      await client.of(deployments).delete('web', { namespace, propagationPolicy: 'Foreground' })
      await until('the Deployment is gone', () => isGone(client.of(deployments).get('web', inNamespace)), timing)
      assert.equal((await podsOf(client, 'web')).length, 0)
    },
  },
  {
    title: 'a namespace goes with all it holds',
    run: async (client) => {
      await client.of(namespaces).delete(namespace)
      await until('the namespace is gone', () => isGone(client.of(namespaces).get(namespace)), timing)
    },
  },
]
