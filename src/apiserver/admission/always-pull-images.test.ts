import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { write } from '../../../test/support/admission.ts'
import type { Pod, PodSpec } from '../../api/types/core/v1.ts'
import { pods } from '../../api/types/resources.ts'
import type { AdmissionAttributes } from './admission.ts'
import { alwaysPullImages } from './always-pull-images.ts'
import { admissionChain } from './chain.ts'

const podWith = (spec: Partial<PodSpec> = {}): Pod => ({
  metadata: { name: 'a' },
  spec: { containers: [{ name: 'c', image: 'shop', imagePullPolicy: 'Never' }], ...spec },
})

const everywhere = podWith({
  initContainers: [{ name: 'i', image: 'init', imagePullPolicy: 'IfNotPresent' }],
  ephemeralContainers: [{ name: 'e', image: 'debug' }],
  volumes: [
    { name: 'v', image: { reference: 'data', pullPolicy: 'Never' } },
    { name: 'w', emptyDir: {} },
  ],
})

const policiesOf = ({ spec }: Pod) =>
  [
    ...[...(spec?.initContainers ?? []), ...spec!.containers, ...(spec?.ephemeralContainers ?? [])].map(
      ({ imagePullPolicy }) => imagePullPolicy,
    ),
    ...(spec?.volumes ?? []).flatMap(({ image }) => (image ? [image.pullPolicy] : [])),
  ].join(' ')

describe('AlwaysPullImages sets', () => {
  const other = podWith({ containers: [{ name: 'c', image: 'other' }] })
  const rows: { title: string; attributes: AdmissionAttributes; want: string }[] = [
    {
      title: 'all containers and image volumes',
      attributes: write(pods, { object: structuredClone(everywhere) }),
      want: 'Always Always Always Always',
    },
    {
      title: 'an update with a new image',
      attributes: write(pods, { operation: 'UPDATE', object: podWith(), oldObject: other }),
      want: 'Always',
    },
    {
      title: 'no update without a new image',
      attributes: write(pods, { operation: 'UPDATE', object: podWith(), oldObject: podWith() }),
      want: 'Never',
    },
    {
      title: 'no subresource',
      attributes: write(pods, { operation: 'UPDATE', subresource: 'status', object: podWith(), oldObject: other }),
      want: 'Never',
    },
  ]
  for (const { title, attributes, want } of rows) {
    test(title, async () => {
      await admissionChain([alwaysPullImages]).mutate(attributes)
      assert.equal(policiesOf(attributes.object as Pod), want)
    })
  }
})

test('AlwaysPullImages refuses what a webhook changed back, with a failure as upstream does', async () => {
  const messageOf = async (object: Pod) => {
    try {
      await admissionChain([alwaysPullImages]).validate(write(pods, { object }))
    } catch (error) {
      const { code, reason, message } = (error as { status: { code: number; reason?: string; message: string } }).status
      return `${code} ${reason ?? ''} ${message}`
    }
    return undefined
  }
  const why = (path: string, policy: string) =>
    `pods "a" is forbidden: spec.${path}: Unsupported value: "${policy}": supported values: "Always"`
  assert.equal(await messageOf(podWith()), `500  ${why('containers[0].imagePullPolicy', 'Never')}`)
  const all = [
    why('initContainers[0].imagePullPolicy', 'IfNotPresent'),
    why('containers[0].imagePullPolicy', 'Never'),
    why('ephemeralContainers[0].imagePullPolicy', ''),
    why('volumes[0].image.pullPolicy', 'Never'),
  ]
  assert.equal(await messageOf(everywhere), `500  [${all.join(', ')}]`)
})
