import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import type { ResourceRef } from '../../src/api/resource-ref.ts'
import type { CustomResourceDefinition } from '../../src/api/types/apiextensions/v1.ts'
import { configMaps, customResourceDefinitions, namespaces, resourceQuotas } from '../../src/api/types/resources.ts'
import { Cluster } from '../../src/cluster/embedded.ts'
import type { DeepReadonly, KubeObject } from '../../src/machinery/object.ts'

interface Widget extends KubeObject {
  readonly spec?: { readonly size?: number }
}

const group = 'shop.example.com'
const widgets: ResourceRef<Widget> = { group, version: 'v1', plural: 'widgets', kind: 'Widget', namespaced: true }

let cluster: Cluster

before(async () => {
  cluster = await Cluster.start({ components: ['apiserver', 'controllers'] })
  await define('widgets', 'Widget')
})

after(async () => {
  await cluster?.stop()
})

/** Waits until an object of a collection, or the lack of one (`undefined`), is as it should be. */
async function until<T extends KubeObject>(
  resource: ResourceRef<T>,
  { name, namespace = '' }: { readonly name: string; readonly namespace?: string },
  holds: (object: DeepReadonly<KubeObject> | undefined) => boolean,
): Promise<void> {
  const stream = await cluster.client.of(resource).watch({
    fieldSelector: `metadata.name=${name}`,
    allowWatchBookmarks: true,
    sendInitialEvents: true,
    ...(namespace !== '' && { namespace }),
  })
  let object: DeepReadonly<KubeObject> | undefined
  for await (const event of stream) {
    if (event.type !== 'BOOKMARK') object = event.type === 'DELETED' ? undefined : (event.object as KubeObject)
    // What there is at the beginning is known when the first bookmark comes.
    if (holds(object) && (object !== undefined || event.type !== 'ADDED')) return
  }
  assert.fail(`the watch of ${name} has ended`)
}

const isGone = (object: unknown) => object === undefined

async function define(plural: string, kind: string): Promise<void> {
  const schema = { type: 'object', properties: { spec: { type: 'object', properties: { size: { type: 'integer' } } } } }
  const definition: CustomResourceDefinition = {
    metadata: { name: `${plural}.${group}` },
    spec: {
      group,
      scope: 'Namespaced',
      names: { plural, kind },
      versions: [{ name: 'v1', served: true, storage: true, schema: { openAPIV3Schema: schema } }],
    },
  }
  await cluster.client.of(customResourceDefinitions).create(definition)
  await until(customResourceDefinitions, { name: `${plural}.${group}` }, (object) => {
    const { status } = (object ?? {}) as CustomResourceDefinition
    return status?.conditions?.some(({ type, status }) => type === 'Established' && status === 'True') ?? false
  })
}

async function inNewNamespace(name: string): Promise<string> {
  await cluster.client.of(namespaces).create({ metadata: { name } })
  return name
}

const widget = (name: string, namespace: string, metadata: object = {}): Widget => ({
  metadata: { name, namespace, ...metadata },
})

test('a namespace that goes takes its custom objects along, and waits for their finalizers', async () => {
  const namespace = await inNewNamespace('emptied')
  await cluster.client.of(widgets).create(widget('a', namespace))
  await cluster.client.of(widgets).create(widget('b', namespace, { finalizers: ['shop.example.com/slow'] }))
  await cluster.client.of(namespaces).delete(namespace)
  await until(widgets, { name: 'a', namespace }, isGone)
  await until(widgets, { name: 'b', namespace }, (object) => object?.metadata?.deletionTimestamp !== undefined)
  assert.equal((await cluster.client.of(namespaces).get(namespace)).status?.phase, 'Terminating')
  await cluster.client.of(widgets).patch('b', { metadata: { finalizers: null } }, { type: 'merge', namespace })
  await until(namespaces, { name: namespace }, isGone)
})

test('what a custom object owns goes after it, what owns a custom object takes it along', async () => {
  const namespace = await inNewNamespace('owned')
  const owner = await cluster.client.of(widgets).create(widget('owner', namespace))
  const reference = (of: DeepReadonly<KubeObject>, apiVersion: string, kind: string) => ({
    ownerReferences: [{ apiVersion, kind, name: of.metadata!.name!, uid: of.metadata!.uid! }],
  })
  const byWidget = reference(owner, `${group}/v1`, 'Widget')
  const map = await cluster.client.of(configMaps).create({ metadata: { name: 'map', namespace, ...byWidget } })
  await cluster.client.of(widgets).create(widget('last', namespace, reference(map, 'v1', 'ConfigMap')))
  await cluster.client.of(widgets).delete('owner', { namespace, propagationPolicy: 'Foreground' })
  await until(widgets, { name: 'last', namespace }, isGone)
  await assert.rejects(cluster.client.of(widgets).get('owner', { namespace }), /not found/)
})

test('a quota counts custom objects and refuses what is too many', async () => {
  const namespace = await inNewNamespace('limited')
  const count = `count/widgets.${group}`
  await cluster.client.of(widgets).create(widget('a', namespace))
  await cluster.client
    .of(resourceQuotas)
    .create({ metadata: { name: 'quota', namespace }, spec: { hard: { [count]: '2' } } })
  const isUsed = (amount: string) => (object: DeepReadonly<KubeObject> | undefined) =>
    (object as { status?: { used?: Record<string, string> } } | undefined)?.status?.used?.[count] === amount
  await until(resourceQuotas, { name: 'quota', namespace }, isUsed('1'))
  await cluster.client.of(widgets).create(widget('b', namespace))
  await assert.rejects(cluster.client.of(widgets).create(widget('c', namespace)), {
    message: `widgets.${group} "c" is forbidden: exceeded quota: quota, requested: ${count}=1, used: ${count}=2, limited: ${count}=2`,
  })
  await cluster.client.of(widgets).delete('a', { namespace })
  await until(resourceQuotas, { name: 'quota', namespace }, isUsed('1'))
})

test('a definition that goes takes its objects along', async () => {
  const namespace = await inNewNamespace('undefined')
  const gadgets: ResourceRef<Widget> = { ...widgets, plural: 'gadgets', kind: 'Gadget' }
  await define('gadgets', 'Gadget')
  await cluster.client.of(gadgets).create(widget('a', namespace))
  await cluster.client.of(customResourceDefinitions).delete(`gadgets.${group}`)
  await until(customResourceDefinitions, { name: `gadgets.${group}` }, isGone)
  await define('gadgets', 'Gadget')
  assert.deepEqual((await cluster.client.of(gadgets).list({ namespace })).items, [])
})
