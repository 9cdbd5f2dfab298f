import assert from 'node:assert/strict'
import { test } from 'node:test'
import { askPlugin, buildCluster, buildNode, buildPod } from '../../../test/support/scheduling.ts'
import { imageLocality } from './image-locality.ts'

const cases = [
  {
    title: 'likes nodes that hold the image, by its size and how many do',
    nodes: [buildNode('a', { images: [{ names: ['app:latest'], sizeBytes: 1000 * 2 ** 20 }] }), buildNode('b')],
    pod: buildPod('p'),
    scores: { a: 48, b: 0 },
  },
  { title: 'has nothing to say when no node holds it', nodes: [buildNode('a')], pod: buildPod('p') },
]

for (const { title, nodes, pod, scores = {} } of cases) {
  test(`ImageLocality ${title}`, () => {
    assert.deepEqual(askPlugin(imageLocality, pod, buildCluster(nodes)), { rejected: {}, scores })
  })
}
