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

/** In upstream's order. */
export const modes = ['enforce', 'audit', 'warn'] as const
export type Mode = (typeof modes)[number]
export type Policy = Readonly<Record<Mode, LevelVersion>>

export interface ParsedPolicy {
  readonly policy: Policy
  readonly errors: readonly FieldError[]
}

/** Of labels, and of annotations in the audit log. */
export const labelPrefix = 'pod-security.kubernetes.io/'

export const levelRule = `must be one of ${levels.join(', ')}`
export const versionRule = 'must be "latest" or "v1.x"'

/** Undefined: there is no such level. */
export function parseLevel(text: string): Level | undefined {
  return levels.find((level) => level === text)
}

/** Undefined: it is no version. */
export function parseVersion(text: string): LevelVersion['version'] | undefined {
  if (text === 'latest') return text
  const match = /^v1\.(\d|[1-9]\d*)$/.exec(text)
  return match ? Number(match[1]) : undefined
}

/** How strict `level` is, to be compared. */
export function strictness(level: Level): number {
  return levels.indexOf(level)
}

/** `baseline:v1.30`, `restricted:latest`. */
export function levelVersionText({ level, version }: LevelVersion): string {
  return `${level}:${version === 'latest' ? version : `v1.${version}`}`
}

const anything: LevelVersion = { level: 'privileged', version: 'latest' }

/** Where nobody says otherwise everything is allowed. */
export const noPolicy: Policy = { enforce: anything, audit: anything, warn: anything }

/**
 * What a namespace's labels ask for, and `defaults` where they do not. A policy comes back even when labels are wrong:
 * the strictest to enforce, none to audit and warn by. After pod-security-admission/api helpers.go v1.36.
 */
export function policyOf(labels: Readonly<Record<string, string>> = {}, defaults = noPolicy): ParsedPolicy {
  const errors: FieldError[] = []
  const read = (mode: Mode, fallback: Level): LevelVersion => ({
    level: levelOf(labels, { mode, fallback, unset: defaults[mode].level }, errors),
    version: versionOf(labels, { mode, unset: defaults[mode].version }, errors),
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

interface LevelLabel {
  readonly mode: Mode
  /** For one that is wrong. */
  readonly fallback: Level
  /** For none. */
  readonly unset: Level
}

function levelOf(labels: Labels, { mode, fallback, unset }: LevelLabel, errors: FieldError[]): Level {
  const key = labelPrefix + mode
  const value = labels[key]
  if (value === undefined) return unset
  const known = parseLevel(value)
  if (known) return known
  errors.push(invalidField(`metadata.labels[${key}]`, value, levelRule))
  return fallback
}

interface VersionLabel {
  readonly mode: Mode
  readonly unset: LevelVersion['version']
}

function versionOf(labels: Labels, { mode, unset }: VersionLabel, errors: FieldError[]): LevelVersion['version'] {
  const key = `${labelPrefix}${mode}-version`
  const value = labels[key]
  if (value === undefined) return unset
  const known = parseVersion(value)
  if (known !== undefined) return known
  errors.push(invalidField(`metadata.labels[${key}]`, value, versionRule))
  return 'latest'
}
