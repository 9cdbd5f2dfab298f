/** What Kubernetes v1.36 lets expressions use. After apiserver pkg/cel/environment/base.go v1.36. */

import { type FunctionDeclaration, mergeFunctions } from '../declarations.ts'
import type { Macros } from '../macro.ts'
import type { CelType } from '../types.ts'
import { authorizationFunctions } from './authz.ts'
import { formatFunctions } from './format.ts'
import { cidrFunctions, cidrType, ipFunctions, ipType } from './ip.ts'
import { listFunctions, listMacros } from './lists.ts'
import { standardMacros, twoVariableMacros } from './macros.ts'
import { mapFunctions } from './maps.ts'
import { optionalFunctions, optionalMacros, optionalTypeName } from './optional.ts'
import { quantityFunctions } from './quantity.ts'
import { regexFunctions } from './regex.ts'
import { semverFunctions } from './semver.ts'
import { setFunctions } from './sets.ts'
import { standardFunctions, standardTypes } from './standard.ts'
import { stringFunctions } from './strings.ts'
import { urlFunctions } from './urls.ts'

export const kubernetesFunctions: ReadonlyMap<string, FunctionDeclaration> = mergeFunctions([
  ...standardFunctions,
  ...urlFunctions,
  ...regexFunctions,
  ...listFunctions,
  ...authorizationFunctions,
  ...optionalFunctions,
  ...quantityFunctions,
  ...stringFunctions,
  ...setFunctions,
  ...ipFunctions,
  ...cidrFunctions,
  ...formatFunctions,
  ...mapFunctions,
  ...semverFunctions,
])

export const kubernetesMacros: Macros = new Map([
  ...standardMacros,
  ...optionalMacros,
  ...twoVariableMacros,
  ...listMacros,
])

/** Types that expressions may name. */
export const kubernetesTypes: ReadonlyMap<string, CelType> = new Map(
  [...standardTypes, optionalTypeName, ipType, cidrType].map((type) => [type.name, type]),
)
