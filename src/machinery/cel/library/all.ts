/** What Kubernetes v1.36 lets expressions use. After apiserver pkg/cel/environment/base.go v1.36. */

import { type FunctionDeclaration, mergeFunctions } from '../declarations.ts'
import type { Macros } from '../macro.ts'
import type { CelType } from '../types.ts'
import { standardMacros, twoVariableMacros } from './macros.ts'
import { optionalFunctions, optionalMacros } from './optional.ts'
import { standardFunctions, standardTypes } from './standard.ts'

export const kubernetesFunctions: ReadonlyMap<string, FunctionDeclaration> = mergeFunctions([
  ...standardFunctions,
  ...optionalFunctions,
])

export const kubernetesMacros: Macros = new Map([...standardMacros, ...optionalMacros, ...twoVariableMacros])

export const kubernetesTypes: ReadonlyMap<string, CelType> = new Map(standardTypes.map((type) => [type.name, type]))
