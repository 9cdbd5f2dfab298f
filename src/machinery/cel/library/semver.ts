/** Semantic versions. After apiserver pkg/cel/library/semverlib.go v1.36 and blang/semver v4. */

import { type FunctionDeclaration, memberFunction, overload, type Signature } from '../declarations.ts'
import { boolType, type CelType, intType, receiverType, stringType } from '../types.ts'
import { noSuchOverload } from '../value-types.ts'
import { type CelValue, Failure, Opaque } from '../values.ts'

export const semverType = receiverType('kubernetes.Semver')

interface Version {
  readonly major: bigint
  readonly minor: bigint
  readonly patch: bigint
  /** Numbers as bigints: they come before words. */
  readonly prerelease: readonly (string | bigint)[]
  readonly build: readonly string[]
}

class SemverValue extends Opaque {
  readonly type: CelType = semverType
  readonly version: Version

  constructor(version: Version) {
    super()
    this.version = version
  }

  equals(other: CelValue): boolean | Failure {
    return other instanceof SemverValue ? compareVersions(this.version, other.version) === 0 : noSuchOverload
  }

  toString(): string {
    const { major, minor, patch, prerelease, build } = this.version
    const suffix = (mark: string, parts: readonly unknown[]) => (parts.length === 0 ? '' : `${mark}${parts.join('.')}`)
    return `${major}.${minor}.${patch}${suffix('-', prerelease)}${suffix('+', build)}`
  }
}

export const semverFunctions: readonly FunctionDeclaration[] = [
  {
    name: 'semver',
    overloads: [
      overload('string_to_semver', {
        arguments: [stringType],
        result: semverType,
        apply: (text) => parse(text, false),
      }),
      overload('string_bool_to_semver', { arguments: [stringType, boolType], result: semverType, apply: parse }),
    ],
  },
  {
    name: 'isSemver',
    overloads: [
      overload('is_semver_string', {
        arguments: [stringType],
        result: boolType,
        apply: (text) => parse(text, false) instanceof SemverValue,
      }),
      overload('is_semver_string_bool', {
        arguments: [stringType, boolType],
        result: boolType,
        apply: (text, normalize) => parse(text, normalize) instanceof SemverValue,
      }),
    ],
  },
  memberFunction(
    'isGreaterThan',
    'semver_is_greater_than',
    comparison(boolType, (order) => order > 0),
  ),
  memberFunction(
    'isLessThan',
    'semver_is_less_than',
    comparison(boolType, (order) => order < 0),
  ),
  memberFunction(
    'compareTo',
    'semver_compare_to',
    comparison(intType, (order) => BigInt(order)),
  ),
  memberFunction(
    'major',
    'semver_major',
    part(({ major }) => major),
  ),
  memberFunction(
    'minor',
    'semver_minor',
    part(({ minor }) => minor),
  ),
  memberFunction(
    'patch',
    'semver_patch',
    part(({ patch }) => patch),
  ),
]

function comparison(result: CelType, apply: (order: number) => CelValue): Signature {
  return {
    arguments: [semverType, semverType],
    result,
    apply: (left, right) =>
      left instanceof SemverValue && right instanceof SemverValue
        ? apply(compareVersions(left.version, right.version))
        : noSuchOverload,
  }
}

function part(of: (version: Version) => bigint): Signature {
  return {
    arguments: [semverType],
    result: intType,
    apply: (value) => (value instanceof SemverValue ? of(value.version) : noSuchOverload),
  }
}

function compareVersions(left: Version, right: Version): number {
  for (const key of ['major', 'minor', 'patch'] as const) {
    if (left[key] !== right[key]) return left[key] < right[key] ? -1 : 1
  }
  // A version without a pre-release comes after all that have one.
  if (left.prerelease.length === 0 || right.prerelease.length === 0) {
    return Math.sign(right.prerelease.length - left.prerelease.length)
  }
  for (const [index, own] of left.prerelease.entries()) {
    const other = right.prerelease[index]
    if (other === undefined) return 1
    const order = comparePrerelease(own, other)
    if (order !== 0) return order
  }
  return left.prerelease.length === right.prerelease.length ? 0 : -1
}

function comparePrerelease(left: string | bigint, right: string | bigint): number {
  if (typeof left !== typeof right) return typeof left === 'bigint' ? -1 : 1
  return left === right ? 0 : left < right ? -1 : 1
}

function parse(text?: CelValue, normalize?: CelValue): CelValue {
  if (typeof text !== 'string' || typeof normalize !== 'boolean') return noSuchOverload
  const normalized = normalize ? normalizedText(text) : text
  if (normalized instanceof Failure) return normalized
  const version = parseVersion(normalized)
  return version instanceof Failure ? version : new SemverValue(version)
}

/** Without a `v` and leading zeros, with minor and patch. */
function normalizedText(text: string): string | Failure {
  const parts = splitVersion(text.replace(/^v/, '')).map((piece) => {
    if (piece.length <= 1) return piece
    const stripped = piece.replace(/^0+/, '')
    return /^[0-9]/.test(stripped) ? stripped : `0${stripped}`
  })
  if (parts.length < 3 && /[+-]/.test(parts.at(-1)!)) {
    return new Failure('short version cannot contain PreRelease/Build meta data')
  }
  while (parts.length < 3) parts.push('0')
  return parts.join('.')
}

function splitVersion(text: string): string[] {
  const [major, minor, ...rest] = text.split('.')
  return [major!, ...(minor === undefined ? [] : [minor]), ...(rest.length === 0 ? [] : [rest.join('.')])]
}

function parseVersion(text: string): Version | Failure {
  if (text === '') return new Failure('Version string empty')
  const parts = splitVersion(text)
  if (parts.length !== 3) return new Failure('No Major.Minor.Patch elements found')
  const [majorText, minorText, rest] = parts as [string, string, string]
  const [withoutBuild, build] = cut(rest, '+')
  const [patchText, prereleaseText] = cut(withoutBuild, '-')
  const major = number(majorText, 'Major')
  if (major instanceof Failure) return major
  const minor = number(minorText, 'Minor')
  if (minor instanceof Failure) return minor
  const patch = number(patchText, 'Patch')
  if (patch instanceof Failure) return patch
  const prerelease = (prereleaseText?.split('.') ?? []).map(prereleasePart)
  const builds = (build?.split('.') ?? []).map(buildPart)
  const wrong = [...prerelease, ...builds].find((piece) => piece instanceof Failure)
  if (wrong !== undefined) return wrong
  return { major, minor, patch, prerelease: prerelease as (string | bigint)[], build: builds as string[] }
}

function cut(text: string, mark: string): [string, string | undefined] {
  const index = text.indexOf(mark)
  return index < 0 ? [text, undefined] : [text.slice(0, index), text.slice(index + 1)]
}

function number(text: string, name: string): bigint | Failure {
  if (!/^[0-9]*$/.test(text)) {
    return new Failure(`Invalid character(s) found in ${name.toLowerCase()} number ${JSON.stringify(text)}`)
  }
  if (/^0./.test(text)) return new Failure(`${name} number must not contain leading zeroes ${JSON.stringify(text)}`)
  return unsigned(text)
}

function unsigned(text: string): bigint | Failure {
  if (text === '') return new Failure('strconv.ParseUint: parsing "": invalid syntax')
  const value = BigInt(text)
  if (BigInt.asUintN(64, value) === value) return value
  return new Failure(`strconv.ParseUint: parsing ${JSON.stringify(text)}: value out of range`)
}

function prereleasePart(text: string): string | bigint | Failure {
  if (text === '') return new Failure('Prerelease is empty')
  if (/^[0-9]+$/.test(text)) {
    if (!/^0./.test(text)) return unsigned(text)
    return new Failure(`Numeric PreRelease version must not contain leading zeroes ${JSON.stringify(text)}`)
  }
  if (/^[0-9A-Za-z-]+$/.test(text)) return text
  return new Failure(`Invalid character(s) found in prerelease ${JSON.stringify(text)}`)
}

function buildPart(text: string): string | Failure {
  if (text === '') return new Failure('Build meta data is empty')
  if (/^[0-9A-Za-z-]+$/.test(text)) return text
  return new Failure(`Invalid character(s) found in build meta data ${JSON.stringify(text)}`)
}
