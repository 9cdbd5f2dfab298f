/** What the expressions of one place may mention: variables, and types beside those of the library. */

import type { Scope } from './checker.ts'
import type { FunctionDeclaration } from './declarations.ts'
import { kubernetesFunctions, kubernetesTypes } from './library/all.ts'
import type { CelType } from './types.ts'

export interface EnvironmentOptions {
  readonly variables: Readonly<Record<string, CelType>>
  /** Types that expressions may name and construct, such as `Object` of mutating policies. */
  readonly resolveType?: (name: string) => CelType | undefined
  /** Beside those of the library, under other names. */
  readonly functions?: readonly FunctionDeclaration[]
}

/** Immutable: one serves any number of expressions at once. */
export class CelEnvironment implements Scope {
  readonly variables: ReadonlyMap<string, CelType>
  readonly #resolveType: (name: string) => CelType | undefined
  readonly #functions: readonly FunctionDeclaration[]

  constructor({ variables, resolveType = () => undefined, functions = [] }: EnvironmentOptions) {
    this.variables = new Map(Object.entries(variables))
    this.#resolveType = resolveType
    this.#functions = functions
  }

  variable(name: string): CelType | undefined {
    return this.variables.get(name)
  }

  type(name: string): CelType | undefined {
    return kubernetesTypes.get(name) ?? this.#resolveType(name)
  }

  function(name: string): FunctionDeclaration | undefined {
    return kubernetesFunctions.get(name) ?? this.#functions.find((declared) => declared.name === name)
  }

  /** The same with more variables. */
  extend(variables: Readonly<Record<string, CelType>>): CelEnvironment {
    const all = { ...Object.fromEntries(this.variables), ...variables }
    return new CelEnvironment({ variables: all, resolveType: this.#resolveType, functions: this.#functions })
  }
}

export function celEnvironment(options: EnvironmentOptions): CelEnvironment {
  return new CelEnvironment(options)
}
