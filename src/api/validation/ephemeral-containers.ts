import type { FieldError } from '../../machinery/errors.ts'
import { duplicateField, forbiddenField, notFoundField } from '../../machinery/field-errors.ts'
import type { DeepReadonly } from '../../machinery/object.ts'
import type { Container, EphemeralContainer, PodSpec } from '../types/core/v1.ts'
import { type ContainerContext, checkContainer, checkImageSpace } from './containers.ts'

/** Containers for looking around, added to a Pod that runs. After pkg/apis/core/validation validateEphemeralContainers. */

const notForThese = 'cannot be set for an Ephemeral Container'

/** What a service is made of, in the order of upstream's struct. */
const forbiddenFields = [
  'ports',
  'resources',
  'resizePolicy',
  'restartPolicy',
  'restartPolicyRules',
  'livenessProbe',
  'readinessProbe',
  'startupProbe',
  'lifecycle',
] as const

export function checkEphemeralContainers(
  spec: DeepReadonly<PodSpec>,
  context: ContainerContext,
  path: string,
  errors: FieldError[],
): void {
  const others: readonly Partial<DeepReadonly<Container>>[] = [
    ...(spec.containers ?? []),
    ...(spec.initContainers ?? []),
  ]
  const targets = new Set(others.map(({ name = '' }) => name))
  const names = new Set(targets)
  spec.ephemeralContainers?.forEach((container, index) => {
    const at = `${path}[${index}]`
    const { name = '', targetContainerName } = container as Partial<typeof container>
    checkContainer(container, context, at, errors)
    checkImageSpace(container, at, errors)
    if (names.has(name)) errors.push(duplicateField(`${at}.name`, name))
    names.add(name)
    if (targetContainerName && !targets.has(targetContainerName)) {
      errors.push(notFoundField(`${at}.targetContainerName`, targetContainerName))
    }
    checkForbiddenFields(container, at, errors)
  })
}

function checkForbiddenFields(container: DeepReadonly<EphemeralContainer>, path: string, errors: FieldError[]): void {
  for (const field of forbiddenFields) {
    const value = container[field]
    const isSet = field === 'resources' ? Object.keys(value ?? {}).length > 0 : value !== undefined
    if (isSet) errors.push(forbiddenField(`${path}.${field}`, notForThese))
  }
  container.volumeMounts?.forEach((mount, index) => {
    for (const field of ['subPath', 'subPathExpr'] as const) {
      if (mount[field]) errors.push(forbiddenField(`${path}.volumeMounts[${index}].${field}`, notForThese))
    }
  })
}
