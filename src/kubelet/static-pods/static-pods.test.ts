import assert from 'node:assert/strict'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { silentLogger } from '../../platform/log.ts'
import { readStaticPods, staticPod } from './static-pods.ts'

const manifest = {
  apiVersion: 'v1',
  kind: 'Pod',
  metadata: { name: 'web' },
  spec: { containers: [{ name: 'c', image: 'i' }] },
}

test('a manifest becomes a pod of this node, with an identity that follows its content', () => {
  const pod = staticPod(manifest, 'Node-1')
  assert.equal(pod.metadata?.name, 'web-node-1')
  assert.equal(pod.metadata?.namespace, 'default')
  assert.equal(pod.spec?.nodeName, 'Node-1')
  assert.equal(pod.spec?.restartPolicy, 'Always')
  assert.equal(pod.metadata?.annotations?.['kubernetes.io/config.source'], 'file')
  assert.equal(pod.metadata?.annotations?.['kubernetes.io/config.hash'], pod.metadata?.uid)
  assert.equal(staticPod(manifest, 'Node-1').metadata?.uid, pod.metadata?.uid)
  const changed = { ...manifest, spec: { containers: [{ name: 'c', image: 'j' }] } }
  assert.notEqual(staticPod(changed, 'Node-1').metadata?.uid, pod.metadata?.uid)
})

for (const [title, wrong] of Object.entries({
  nothing: null,
  'another kind': { ...manifest, kind: 'Service' },
  'a pod without name': { ...manifest, metadata: {} },
})) {
  test(`${title} is no static pod`, () => assert.throws(() => staticPod(wrong, 'n'), /not a v1 Pod/))
}

test('a broken manifest does not keep the others from running', async () => {
  const directory = mkdtempSync(join(tmpdir(), 'kubets-manifests-'))
  after(() => rmSync(directory, { recursive: true, force: true }))
  writeFileSync(join(directory, 'a.yaml'), 'kind: [')
  writeFileSync(join(directory, 'b.json'), JSON.stringify(manifest))
  writeFileSync(join(directory, '.hidden'), 'x')
  const found = await readStaticPods({ directory, nodeName: 'n', log: silentLogger })
  assert.deepEqual(
    found.map(({ metadata }) => metadata?.name),
    ['web-n'],
  )
})
