import type { FieldError } from '../../../machinery/errors.ts'
import { invalidField } from '../../../machinery/field-errors.ts'

/** From lax to strict. */
export const levels = ['privileged', 'baseline', 'restricted'] as const
export type Level = (typeof levels)[number]

export interface LevelVersion {
  readonly level: Level
  /** The minor version of Kubernetes whose checks count; `latest` is this server's own. */
  readonly version: number | 'latest'
}

type Mode = 'enforce' | 'audit' | 'warn'
export type Policy = Readonly<Record<Mode, LevelVersion>>

export interface ParsedPolicy {
  readonly policy: Policy
  readonly errors: readonly FieldError[]
}

const labelPrefix = 'pod-security.kubernetes.io/'

/** How strict `level` is, to be compared. */
export function strictness(level: Level): number {
  return levels.indexOf(level)
}

/** `baseline:v1.30`, `restricted:latest`. */
export function levelVersionText({ level, version }: LevelVersion): string {
  return `${level}:${version === 'latest' ? version : `v1.${version}`}`
}

/**
 * What a namespace's labels ask for; without labels everything is allowed. A policy comes back even when labels are
 * wrong: the strictest to enforce, none to audit and warn by. After pod-security-admission/api helpers.go v1.36.
 */
export function policyOf(labels: Readonly<Record<string, string>> = {}): ParsedPolicy {
  const errors: FieldError[] = []
  const read = (mode: Mode, fallback: Level): LevelVersion => ({
    level: levelOf(labels, mode, fallback, errors),
    version: versionOf(labels, mode, errors),
  })
  const enforce = read('enforce', 'restricted')
  const audit = read('audit', 'privileged')
  const warn = read('warn', 'privileged')
  const enforced = labels[`${labelPrefix}enforce`]
  const isInherited = labels[`${labelPrefix}warn`] === undefined && enforced === enforce.level
  if (!isInherited || strictness(enforce.level) <= strictness(warn.level))
    return { policy: { enforce, audit, warn }, errors }
  const version = labels[`${labelPrefix}warn-version`] === undefined ? enforce.version : warn.version
  return { policy: { enforce, audit, warn: { level: enforce.level, version } }, errors }
}

type Labels = Readonly<Record<string, string>>

function levelOf(labels: Labels, mode: Mode, fallback: Level, errors: FieldError[]): Level {
  const key = labelPrefix + mode
  const value = labels[key]
  if (value === undefined) return 'privileged'
  const known = levels.find((level) => level === value)
  if (known) return known
  errors.push(invalidField(`metadata.labels[${key}]`, value, `must be one of ${levels.join(', ')}`))
  return fallback
}

function versionOf(labels: Labels, mode: Mode, errors: FieldError[]): number | 'latest' {
  const key = `${labelPrefix}${mode}-version`
  const value = labels[key]
  if (value === undefined || value === 'latest') return 'latest'
  const match = /^v1\.(\d|[1-9]\d*)$/.exec(value)
  if (match) return Number(match[1])
  errors.push(invalidField(`metadata.labels[${key}]`, value, 'must be "latest" or "v1.x"'))
  return 'latest'
}
