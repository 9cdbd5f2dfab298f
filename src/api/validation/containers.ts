import type { FieldError } from '../../machinery/errors.ts'
import {
  duplicateField,
  forbiddenField,
  invalidField,
  notFoundField,
  notSupportedField,
  requiredField,
  tooManyField,
} from '../../machinery/field-errors.ts'
import type { DeepReadonly } from '../../machinery/object.ts'
import type { Container, ContainerPort, EphemeralContainer, VolumeMount } from '../types/core/v1.ts'
import { checkForm, checkLabelForm, checkOneOf, checkPortNumber, checkRequiredOneOf } from './checks.ts'
import { checkEnvironment, checkEnvironmentFrom } from './environment.ts'
import { backstepErrors, descendingPathErrors, portNameErrors } from './formats.ts'
import { checkLifecycle, checkProbes } from './handlers.ts'
import { checkResources } from './resources.ts'
import { checkSecurityContext } from './security-context.ts'
import type { VolumesByName } from './volumes.ts'

/** Containers and init containers. After pkg/apis/core/validation validateContainers, validateInitContainers. */

export interface ContainerContext {
  readonly volumes: VolumesByName
  readonly podClaims: readonly string[]
  readonly graceSeconds: number | undefined
  readonly os: string | undefined
  readonly podRestartPolicy: string | undefined
  readonly hostUsers: boolean
}

type ReadonlyContainer = DeepReadonly<Container>
type AnyContainer = ReadonlyContainer | DeepReadonly<EphemeralContainer>

export function checkContainers(
  containers: readonly ReadonlyContainer[] | undefined,
  context: ContainerContext,
  path: string,
  errors: FieldError[],
): void {
  if (!containers?.length) return void errors.push(requiredField(path))
  const names = new Set<string>()
  containers.forEach((container, index) => {
    const at = `${path}[${index}]`
    checkContainer(container, context, at, errors)
    if (names.has(container.name)) errors.push(duplicateField(`${at}.name`, container.name))
    names.add(container.name)
    if (container.lifecycle) checkLifecycle(container.lifecycle, context, `${at}.lifecycle`, errors)
    checkProbes(container, at, errors)
    checkRestartPolicy(container, at, errors)
  })
  checkHostPortConflicts(containers, path, errors)
}

export function checkInitContainers(
  containers: readonly ReadonlyContainer[] | undefined,
  regular: readonly ReadonlyContainer[] | undefined,
  context: ContainerContext & { readonly path: string },
  errors: FieldError[],
): void {
  const names = new Set((regular ?? []).map(({ name }) => name))
  containers?.forEach((container, index) => {
    const at = `${context.path}[${index}]`
    checkContainer(container, context, at, errors)
    checkInitRestartPolicy(container, at, errors)
    if (names.has(container.name)) errors.push(duplicateField(`${at}.name`, container.name))
    else if (container.name) names.add(container.name)
    checkHostPortConflicts([container], context.path, errors)
    if (container.restartPolicy === 'Always') {
      if (container.lifecycle) checkLifecycle(container.lifecycle, context, `${at}.lifecycle`, errors)
      checkProbes(container, at, errors)
    } else forbidSidecarFields(container, at, errors)
  })
}

/** What makes no sense for a container that runs to its end before the others begin. */
function forbidSidecarFields(container: ReadonlyContainer, path: string, errors: FieldError[]): void {
  for (const field of ['lifecycle', 'livenessProbe', 'readinessProbe', 'startupProbe'] as const) {
    if (!container[field]) continue
    errors.push(forbiddenField(`${path}.${field}`, 'may not be set for init containers without restartPolicy=Always'))
  }
  container.resizePolicy?.forEach(({ restartPolicy }, index) => {
    if (restartPolicy !== 'RestartContainer') return
    const why = "must not be set to 'RestartContainer' for non-sidecar initContainers"
    errors.push(invalidField(`${path}.resizePolicy[${index}].restartPolicy`, restartPolicy, why))
  })
}

/** What all kinds of containers have to keep. */
export function checkContainer(
  container: AnyContainer,
  context: ContainerContext,
  path: string,
  errors: FieldError[],
): void {
  if (!container.name) errors.push(requiredField(`${path}.name`))
  else checkLabelForm(container.name, `${path}.name`, errors)
  if (!container.image) errors.push(requiredField(`${path}.image`))
  const policies = ['File', 'FallbackToLogsOnError']
  checkRequiredOneOf(container.terminationMessagePolicy, policies, `${path}.terminationMessagePolicy`, errors)
  checkPorts(container.ports, `${path}.ports`, errors)
  checkEnvironment(container.env, `${path}.env`, errors)
  checkEnvironmentFrom(container.envFrom, `${path}.envFrom`, errors)
  checkMounts(container, context.volumes, `${path}.volumeMounts`, errors)
  checkDevices(container, context.volumes, `${path}.volumeDevices`, errors)
  checkRequiredOneOf(container.imagePullPolicy, ['Always', 'IfNotPresent', 'Never'], `${path}.imagePullPolicy`, errors)
  if (container.resources) checkResources(container.resources, context, `${path}.resources`, errors)
  checkResizePolicy(container, context.podRestartPolicy, `${path}.resizePolicy`, errors)
  checkSecurityContext(container.securityContext, context, `${path}.securityContext`, errors)
}

/** Of Pods, not of templates. */
export function checkImageSpace({ image = '' }: { readonly image?: string }, path: string, errors: FieldError[]): void {
  if (image === image.trim()) return
  errors.push(invalidField(`${path}.image`, image, 'must not have leading or trailing whitespace'))
}

function checkPorts(
  ports: readonly DeepReadonly<ContainerPort>[] | undefined,
  path: string,
  errors: FieldError[],
): void {
  const names = new Set<string>()
  ports?.forEach(({ name, containerPort, hostPort, protocol }, index) => {
    const at = `${path}[${index}]`
    if (name) {
      const why = portNameErrors(name)
      for (const reason of why) errors.push(invalidField(`${at}.name`, name, reason))
      if (why.length === 0 && names.has(name)) errors.push(duplicateField(`${at}.name`, name))
      names.add(name)
    }
    if (!containerPort) errors.push(requiredField(`${at}.containerPort`))
    else checkPortNumber(containerPort, `${at}.containerPort`, errors)
    if (hostPort) checkPortNumber(hostPort, `${at}.hostPort`, errors)
    checkRequiredOneOf(protocol, ['SCTP', 'TCP', 'UDP'], `${at}.protocol`, errors)
  })
}

function checkHostPortConflicts(containers: readonly ReadonlyContainer[], path: string, errors: FieldError[]): void {
  const taken = new Set<string>()
  containers.forEach(({ ports }, containerIndex) => {
    ports?.forEach(({ hostPort, hostIP = '', protocol }, index) => {
      if (!hostPort) return
      const id = `${protocol}/${hostIP}/${hostPort}`
      if (taken.has(id)) errors.push(duplicateField(`${path}[${containerIndex}].ports[${index}].hostPort`, id))
      taken.add(id)
    })
  })
}

function checkMounts(container: AnyContainer, volumes: VolumesByName, path: string, errors: FieldError[]): void {
  const taken = new Set<string>()
  const devices = container.volumeDevices ?? []
  container.volumeMounts?.forEach((mount, index) => {
    const at = `${path}[${index}]`
    const { name = '', mountPath = '', subPath, subPathExpr } = mount as Partial<typeof mount>
    if (name === '') errors.push(requiredField(`${at}.name`))
    if (!volumes.has(name)) errors.push(notFoundField(`${at}.name`, name))
    if (mountPath === '') errors.push(requiredField(`${at}.mountPath`))
    if (taken.has(mountPath)) errors.push(invalidField(`${at}.mountPath`, mountPath, 'must be unique'))
    taken.add(mountPath)
    if (devices.some((device) => device.name === name)) {
      errors.push(invalidField(`${at}.name`, name, 'must not already exist in volumeDevices'))
    }
    if (devices.some(({ devicePath }) => devicePath === mountPath)) {
      errors.push(invalidField(`${at}.mountPath`, mountPath, 'must not already exist as a path in volumeDevices'))
    }
    if (subPath) checkForm(descendingPathErrors, subPath, `${path}.subPath`, errors)
    if (subPathExpr) {
      if (subPath) {
        const why = 'subPathExpr and subPath are mutually exclusive'
        errors.push(invalidField(`${at}.subPathExpr`, subPathExpr, why))
      }
      checkForm(descendingPathErrors, subPathExpr, `${path}.subPathExpr`, errors)
    }
    checkPropagation(mount, container, path, errors)
  })
}

function checkPropagation(
  { mountPropagation, recursiveReadOnly, readOnly }: DeepReadonly<VolumeMount>,
  { securityContext }: AnyContainer,
  path: string,
  errors: FieldError[],
): void {
  const at = `${path}.mountPropagation`
  if (mountPropagation !== undefined) {
    checkOneOf(mountPropagation, ['Bidirectional', 'HostToContainer', 'None'], at, errors)
    if (mountPropagation === 'Bidirectional' && !securityContext?.privileged) {
      const why = 'Bidirectional mount propagation is available only to privileged containers'
      errors.push(forbiddenField(at, why))
    }
  }
  if (recursiveReadOnly === undefined || recursiveReadOnly === 'Disabled') return
  const recursive = `${path}.recursiveReadOnly`
  if (recursiveReadOnly !== 'Enabled' && recursiveReadOnly !== 'IfPossible') {
    errors.push(notSupportedField(recursive, recursiveReadOnly, ['Disabled', 'Enabled', 'IfPossible']))
    return
  }
  if (!readOnly) errors.push(forbiddenField(recursive, 'may only be specified when readOnly is true'))
  if (mountPropagation !== undefined && mountPropagation !== 'None') {
    const why = 'may only be specified when mountPropagation is None or not specified'
    errors.push(forbiddenField(recursive, why))
  }
}

function checkDevices(container: AnyContainer, volumes: VolumesByName, path: string, errors: FieldError[]): void {
  const names = new Set<string>()
  const paths = new Set<string>()
  const mounts = container.volumeMounts ?? []
  container.volumeDevices?.forEach((device, index) => {
    const at = `${path}[${index}]`
    const { name = '', devicePath = '' } = device as Partial<typeof device>
    const volume = volumes.get(name)
    const invalid = (field: string, value: string, why: string) =>
      errors.push(invalidField(`${at}.${field}`, value, why))
    if (name === '') errors.push(requiredField(`${at}.name`))
    if (names.has(name)) invalid('name', name, 'must be unique')
    if (volume && !volume.persistentVolumeClaim && !volume.ephemeral) {
      invalid('name', name, 'can only use volume source type of PersistentVolumeClaim or Ephemeral for block mode')
    }
    if (!volume) errors.push(notFoundField(`${at}.name`, name))
    if (devicePath === '') errors.push(requiredField(`${at}.devicePath`))
    if (paths.has(devicePath)) invalid('devicePath', devicePath, 'must be unique')
    if (backstepErrors(devicePath).length > 0) invalid('devicePath', devicePath, "can not contain backsteps ('..')")
    else paths.add(devicePath)
    if (mounts.some((mount) => mount.name === name)) invalid('name', name, 'must not already exist in volumeMounts')
    if (mounts.some(({ mountPath }) => mountPath === devicePath)) {
      invalid('devicePath', devicePath, 'must not already exist as a path in volumeMounts')
    }
    if (name !== '') names.add(name)
  })
}

function checkResizePolicy(
  { resizePolicy }: AnyContainer,
  podRestartPolicy: string | undefined,
  path: string,
  errors: FieldError[],
): void {
  const seen = new Set<string>()
  resizePolicy?.forEach(({ resourceName, restartPolicy }, index) => {
    if (seen.has(resourceName)) errors.push(duplicateField(`${path}[${index}]`, resourceName))
    seen.add(resourceName)
    checkRequiredOneOf(resourceName, ['cpu', 'memory'], path, errors)
    checkRequiredOneOf(restartPolicy, ['NotRequired', 'RestartContainer'], path, errors)
    if (podRestartPolicy === 'Never' && restartPolicy !== 'NotRequired') {
      const why = "must be 'NotRequired' when pod `restartPolicy` is 'Never'"
      errors.push(invalidField(path, restartPolicy ?? '', why))
    }
  })
}

/** Without a policy, the rules of init containers are not even looked at. */
function checkInitRestartPolicy(container: ReadonlyContainer, path: string, errors: FieldError[]): void {
  const { restartPolicy, restartPolicyRules: rules = [] } = container
  if (restartPolicy !== undefined) checkRestartPolicy(container, path, errors)
  else if (rules.length > 0) errors.push(requiredField(`${path}.restartPolicy`, withoutPolicy))
}

const withoutPolicy = 'must specify restartPolicy when restart rules are used'
const maxRestartRules = 20
const maxExitCodes = 255

function checkRestartPolicy(container: ReadonlyContainer, path: string, errors: FieldError[]): void {
  const { restartPolicy, restartPolicyRules: rules = [] } = container
  const at = `${path}.restartPolicy`
  if (restartPolicy !== undefined) checkOneOf(restartPolicy, ['Always', 'Never', 'OnFailure'], at, errors)
  else if (rules.length > 0) errors.push(requiredField(at, withoutPolicy))
  if (rules.length > maxRestartRules) {
    errors.push(tooManyField(`${path}.restartPolicyRules`, rules.length, maxRestartRules))
  }
  rules.forEach(({ action, exitCodes }, index) => {
    const rule = `${path}.restartPolicyRules[${index}]`
    checkOneOf(action, ['Restart', 'RestartAllContainers'], `${rule}.action`, errors)
    if (!exitCodes) errors.push(requiredField(`${rule}.exitCodes`, 'must be specified'))
    else checkOneOf(exitCodes.operator, ['In', 'NotIn'], `${rule}.exitCodes.operator`, errors)
    const count = exitCodes?.values?.length ?? 0
    if (count > maxExitCodes) errors.push(tooManyField(`${rule}.exitCodes.values`, count, maxExitCodes))
  })
}
