import type { Pod } from '../../api/types/core/v1.ts'
import { notSupportedField } from '../../machinery/field-errors.ts'
import type { AdmissionAttributes, AdmissionPlugin } from './admission.ts'
import { concerns, failure, refuse } from './refuse.ts'

const always = 'Always'

/** Images are only used by who may pull them. After plugin/pkg/admission/alwayspullimages v1.36. */
export const alwaysPullImages: AdmissionPlugin = {
  name: 'AlwaysPullImages',
  handles: ['CREATE', 'UPDATE'],
  mutate(attributes) {
    if (!bringsImages(attributes)) return
    const pod = attributes.object as Pod
    for (const { container } of containersOf(pod)) container.imagePullPolicy = always
    for (const { image } of pod.spec?.volumes ?? []) if (image) image.pullPolicy = always
  },
  validate(attributes) {
    if (!bringsImages(attributes)) return
    const failures: string[] = []
    const check = (policy: string | undefined, path: string) => {
      if (policy === always) return
      const { detail } = notSupportedField(path, policy ?? '', [always])
      failures.push(refuse(attributes, `${path}: ${detail}`).message)
    }
    const pod = attributes.object as Pod
    for (const { container, path } of containersOf(pod)) check(container.imagePullPolicy, `${path}.imagePullPolicy`)
    pod.spec?.volumes?.forEach(({ image }, index) => {
      if (image) check(image.pullPolicy, `spec.volumes[${index}].image.pullPolicy`)
    })
    if (failures.length === 1) throw failure(failures[0]!)
    if (failures.length > 1) throw failure(`[${failures.join(', ')}]`)
  },
}

/** All containers with their paths, in the order upstream visits them. */
function containersOf({ spec }: Pod) {
  const lists = ['initContainers', 'containers', 'ephemeralContainers'] as const
  return lists.flatMap((list) =>
    (spec?.[list] ?? []).map((container, index) => ({ container, path: `spec.${list}[${index}]` })),
  )
}

/** An update without an image that was not there before changes nothing. */
function bringsImages(attributes: AdmissionAttributes): boolean {
  if (!concerns(attributes, '', 'pods')) return false
  if (attributes.operation !== 'UPDATE') return true
  const imagesOf = (pod: unknown) => containersOf(pod as Pod).map(({ container }) => container.image)
  const before = new Set(imagesOf(attributes.oldObject))
  return imagesOf(attributes.object).some((image) => !before.has(image))
}
