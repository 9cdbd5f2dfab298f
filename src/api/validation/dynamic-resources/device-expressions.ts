import { compileCel } from '../../../machinery/cel/compile.ts'
import { celEnvironment } from '../../../machinery/cel/environment.ts'
import { quantityType } from '../../../machinery/cel/library/quantity.ts'
import {
  anyType,
  boolType,
  bounded,
  type CelType,
  formatType,
  isDyn,
  mapType,
  objectType,
  stringType,
} from '../../../machinery/cel/types.ts'

const maxFacts = 32
const maxDomainBytes = 63
const maxIdBytes = 32
const maxValueBytes = 64

/** By domain and by id. */
function factsOf(type: CelType): CelType {
  const options = { maxElements: maxFacts }
  const byId = mapType(bounded(stringType, maxIdBytes), type, options)
  return mapType(bounded(stringType, maxDomainBytes), byId, options)
}

const device = objectType('kubernetes.DRADevice', {
  driver: bounded(stringType, maxDomainBytes),
  attributes: factsOf(bounded(anyType, maxValueBytes)),
  capacity: factsOf(quantityType),
  allowMultipleAllocations: bounded(boolType, 1),
})

const environment = celEnvironment({ variables: { device } })

/** Why an expression cannot choose devices. After k8s.io/dynamic-resource-allocation/cel CompileCELExpression v1.36. */
export function deviceSelectorError(expression: string): string | undefined {
  const compiled = compileCel(environment, expression)
  if ('errors' in compiled) {
    const stage = compiled.stage === 'program' ? 'program instantiation failed' : 'compilation failed'
    return `${stage}: ${compiled.errors}`
  }
  const { type } = compiled.program
  if (type.kind === 'bool' || isDyn(type)) return undefined
  return `must evaluate to bool or the unknown type, not ${formatType(type)}`
}
