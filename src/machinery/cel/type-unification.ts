/** Which types go together, and what their free variables stand for. After cel-go checker/types.go v0.26. */

import { type CelType, dynType, isDyn, isExactType } from './types.ts'

/** What free type variables are known to be, by name. */
export class Substitutions {
  #byName: Map<string, CelType>

  constructor(byName: ReadonlyMap<string, CelType> = new Map()) {
    this.#byName = new Map(byName)
  }

  /** Whether a value of type `from` may stand where `to` is expected. What that teaches is kept only if so. */
  isAssignable(from: CelType, to: CelType): boolean {
    return this.areAssignable([from], [to])
  }

  areAssignable(from: readonly CelType[], to: readonly CelType[]): boolean {
    const former = this.#byName
    this.#byName = new Map(former)
    if (this.#areAssignable(from, to)) return true
    this.#byName = former
    return false
  }

  add(parameter: CelType, type: CelType): void {
    this.#byName.set(parameter.name, type)
  }

  /** The type with all that is known filled in; what is unknown becomes dyn where asked for. */
  substitute(type: CelType, unknownToDyn: boolean): CelType {
    if (type.kind === 'parameter') {
      const known = this.#byName.get(type.name)
      if (known !== undefined) return this.substitute(known, unknownToDyn)
      return unknownToDyn ? dynType : type
    }
    if (type.parameters.length === 0) return type
    const parameters = type.parameters.map((parameter) => this.substitute(parameter, unknownToDyn))
    return parameters.every((parameter, index) => parameter === type.parameters[index]) ? type : { ...type, parameters }
  }

  #areAssignable(from: readonly CelType[], to: readonly CelType[]): boolean {
    return from.length === to.length && from.every((type, index) => this.#isAssignable(type, to[index]!))
  }

  #isAssignable(from: CelType, to: CelType): boolean {
    if (to.kind === 'parameter') {
      const { valid, known } = this.#isSubstitution(from, to)
      if (valid) return true
      if (known) return false
    }
    if (from.kind === 'parameter') return this.#isSubstitution(to, from).valid
    if (isDyn(from) || isDyn(to) || from.kind === 'error' || to.kind === 'error') return true
    if (from.kind === 'null') return isNullable(to)
    if (to.kind === 'null') return isNullable(from)
    if (from.kind !== to.kind) return false
    if (from.kind === 'type') return true
    return from.name === to.name && this.#areAssignable(from.parameters, to.parameters)
  }

  #isSubstitution(type: CelType, parameter: CelType): { valid: boolean; known: boolean } {
    if (isExactType(type, parameter)) return { valid: true, known: true }
    const known = this.#byName.get(parameter.name)
    if (known !== undefined) {
      if (isExactType(type, known)) return { valid: true, known: true }
      if (!this.#isAssignable(type, known)) return { valid: false, known: true }
      const general = mostGeneral(type, known)
      if (!this.#occursIn(parameter, general)) this.add(parameter, general)
      return { valid: true, known: true }
    }
    if (this.#occursIn(parameter, type)) return { valid: false, known: false }
    this.add(parameter, type)
    return { valid: true, known: false }
  }

  #occursIn(parameter: CelType, type: CelType): boolean {
    if (isExactType(parameter, type)) return true
    if (type.kind === 'parameter') {
      const known = this.#byName.get(type.name)
      return known !== undefined && this.#occursIn(parameter, known)
    }
    return type.parameters.some((inner) => this.#occursIn(parameter, inner))
  }
}

function isNullable(type: CelType): boolean {
  return ['null', 'opaque', 'object', 'any', 'duration', 'timestamp'].includes(type.kind)
}

/** Of two types that go together the one that says less. */
export function mostGeneral(left: CelType, right: CelType): CelType {
  return isEqualOrLessSpecific(left, right) ? left : right
}

function isEqualOrLessSpecific(left: CelType, right: CelType): boolean {
  if (isDyn(left) || left.kind === 'parameter') return true
  if (isDyn(right) || right.kind === 'parameter' || left.kind !== right.kind) return false
  switch (left.kind) {
    case 'type':
      return true
    case 'opaque':
    case 'list':
    case 'map':
      return (
        left.name === right.name &&
        left.parameters.length === right.parameters.length &&
        left.parameters.every((parameter, index) => isEqualOrLessSpecific(parameter, right.parameters[index]!))
      )
    default:
      return isExactType(left, right)
  }
}
