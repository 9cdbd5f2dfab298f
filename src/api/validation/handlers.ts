import type { FieldError } from '../../machinery/errors.ts'
import { forbiddenField, invalidField, notSupportedField, requiredField } from '../../machinery/field-errors.ts'
import type { DeepReadonly } from '../../machinery/object.ts'
import type { HTTPGetAction, Lifecycle, LifecycleHandler, Probe } from '../types/core/v1.ts'
import { checkForm, checkNonNegative, checkOneOf, checkPort } from './checks.ts'
import { headerNameErrors } from './formats.ts'

/** Probes and lifecycle hooks. After pkg/apis/core/validation validateHandler, validateProbe, validateLifecycle. */

type Handler = DeepReadonly<Pick<Probe, 'grpc'> & LifecycleHandler>

const handlerTypes = ['exec', 'httpGet', 'tcpSocket', 'grpc', 'sleep'] as const

function checkHandler(handler: Handler, graceSeconds: number | undefined, path: string, errors: FieldError[]): void {
  let isFirst = true
  for (const type of handlerTypes) {
    if (!handler[type]) continue
    const at = `${path}.${type}`
    if (isFirst) checkAction(handler, type, graceSeconds, at, errors)
    else errors.push(forbiddenField(at, 'may not specify more than 1 handler type'))
    isFirst = false
  }
  if (isFirst) errors.push(requiredField(path, 'must specify a handler type'))
}

function checkAction(
  handler: Handler,
  type: (typeof handlerTypes)[number],
  graceSeconds: number | undefined,
  path: string,
  errors: FieldError[],
): void {
  switch (type) {
    case 'exec':
      if (!handler.exec?.command?.length) errors.push(requiredField(`${path}.command`))
      return
    case 'httpGet':
      checkHttpGet(handler.httpGet!, path, errors)
      return
    case 'tcpSocket':
      checkPort(handler.tcpSocket?.port, `${path}.port`, errors)
      return
    case 'grpc':
      checkPort(handler.grpc?.port, `${path}.port`, errors)
      return
    case 'sleep':
      checkSleep(handler.sleep?.seconds ?? 0, graceSeconds, path, errors)
  }
}

function checkHttpGet(httpGet: DeepReadonly<HTTPGetAction>, path: string, errors: FieldError[]): void {
  if (!httpGet.path) errors.push(requiredField(`${path}.path`))
  checkPort(httpGet.port, `${path}.port`, errors)
  checkOneOf(httpGet.scheme, ['HTTP', 'HTTPS'], `${path}.scheme`, errors)
  for (const { name } of httpGet.httpHeaders ?? [])
    checkForm(headerNameErrors, name ?? '', `${path}.httpHeaders`, errors)
}

function checkSleep(seconds: number, graceSeconds: number | undefined, path: string, errors: FieldError[]): void {
  if (graceSeconds === undefined || (seconds >= 0 && seconds <= graceSeconds)) return
  const why = `must be non-negative and less than terminationGracePeriodSeconds (${graceSeconds})`
  errors.push(invalidField(path, seconds, why))
}

const nonNegativeProbeFields = [
  'initialDelaySeconds',
  'timeoutSeconds',
  'periodSeconds',
  'successThreshold',
  'failureThreshold',
] as const

function checkProbe(probe: DeepReadonly<Probe>, path: string, errors: FieldError[]): void {
  checkHandler(probe, undefined, path, errors)
  for (const field of nonNegativeProbeFields) checkNonNegative(probe[field], `${path}.${field}`, errors)
  const grace = probe.terminationGracePeriodSeconds
  if (grace !== undefined && grace <= 0) {
    errors.push(invalidField(`${path}.terminationGracePeriodSeconds`, grace, 'must be greater than 0'))
  }
}

interface Probes {
  readonly livenessProbe?: Probe
  readonly readinessProbe?: Probe
  readonly startupProbe?: Probe
}

export function checkProbes(container: DeepReadonly<Probes>, path: string, errors: FieldError[]): void {
  const { livenessProbe, readinessProbe, startupProbe } = container
  if (livenessProbe) checkOneSuccess(livenessProbe, `${path}.livenessProbe`, errors)
  if (readinessProbe) {
    const at = `${path}.readinessProbe`
    checkProbe(readinessProbe, at, errors)
    const grace = readinessProbe.terminationGracePeriodSeconds
    if (grace !== undefined) {
      const why = 'must not be set for readinessProbes'
      errors.push(invalidField(`${at}.terminationGracePeriodSeconds`, grace, why))
    }
  }
  if (startupProbe) checkOneSuccess(startupProbe, `${path}.startupProbe`, errors)
}

function checkOneSuccess(probe: DeepReadonly<Probe>, path: string, errors: FieldError[]): void {
  checkProbe(probe, path, errors)
  if (probe.successThreshold !== 1) {
    errors.push(invalidField(`${path}.successThreshold`, probe.successThreshold ?? 0, 'must be 1'))
  }
}

export interface LifecycleContext {
  readonly graceSeconds: number | undefined
  readonly os: string | undefined
}

export function checkLifecycle(
  lifecycle: DeepReadonly<Lifecycle>,
  { graceSeconds, os }: LifecycleContext,
  path: string,
  errors: FieldError[],
): void {
  if (lifecycle.postStart) checkHandler(lifecycle.postStart, graceSeconds, `${path}.postStart`, errors)
  if (lifecycle.preStop) checkHandler(lifecycle.preStop, graceSeconds, `${path}.preStop`, errors)
  if (lifecycle.stopSignal === undefined) return
  const at = `${path}.stopSignal`
  if (os === undefined) errors.push(forbiddenField(at, 'may not be set for containers with empty `spec.os.name`'))
  const supported = os === 'windows' ? windowsSignals : linuxSignals
  if (os !== undefined && !supported.includes(lifecycle.stopSignal)) {
    errors.push(notSupportedField(at, lifecycle.stopSignal, supported))
  }
}

const windowsSignals: readonly string[] = ['SIGKILL', 'SIGTERM']

const plainSignals =
  'ABRT ALRM BUS CHLD CLD CONT FPE HUP ILL INT IO IOT KILL PIPE POLL PROF PWR QUIT SEGV STKFLT STOP SYS TERM TRAP TSTP TTIN TTOU URG USR1 USR2 VTALRM WINCH XCPU XFSZ RTMIN RTMAX'

/** Sorted, as they are named in errors. The real-time signals count up from RTMIN and down from RTMAX. */
const linuxSignals: readonly string[] = [
  ...plainSignals.split(' ').map((name) => `SIG${name}`),
  ...Array.from({ length: 15 }, (_, index) => `SIGRTMIN+${index + 1}`),
  ...Array.from({ length: 14 }, (_, index) => `SIGRTMAX-${index + 1}`),
].sort()
