import fc from 'fast-check'
import { compileCel } from '../../src/machinery/cel/compile.ts'
import { estimateCost } from '../../src/machinery/cel/cost-estimate.ts'
import { celEnvironment } from '../../src/machinery/cel/environment.ts'
import { CelRuntimeError } from '../../src/machinery/cel/evaluation.ts'
import { formatValue } from '../../src/machinery/cel/format-value.ts'
import { kubernetesFunctions, kubernetesMacros } from '../../src/machinery/cel/library/all.ts'
import { bounded, dynType, intType, listType, mapType, objectType, stringType } from '../../src/machinery/cel/types.ts'
import type { Fuzz } from './fuzz.ts'
import { words } from './objects.ts'

const spec = objectType('spec', {
  replicas: intType,
  names: listType(bounded(stringType, 10), { maxElements: 20 }),
  labels: mapType(stringType, stringType),
})
const environment = celEnvironment({ variables: { self: objectType('self', { spec }), object: dynType } })

const leaf = fc.constantFrom(
  ...['1', '-1', '0', '9223372036854775807', '2u', '1.5', '"a"', '""', "b'x'", 'true', 'null', '[]', '{}', 'x', 'self'],
  ...['self.spec', 'self.spec.replicas', 'self.spec.names', 'self.spec.labels', 'object', 'object.a', 'object.?b.c'],
  ...[
    '"1.5Gi"',
    '"10.0.0.0/8"',
    '"::1"',
    '"1.2.3"',
    '"2024-01-01T00:00:00Z"',
    '"1h"',
    '"https://a:1/b?c=d#e"',
    '"(a*)*b"',
  ],
)
const functionName = fc.constantFrom(...[...kubernetesFunctions.keys()].filter((name) => /^[a-z][\w.]*$/i.test(name)))
const macroName = fc.constantFrom(...new Set([...kubernetesMacros.keys()].map((name) => name.split(':')[0]!)))
const operator = fc.constantFrom('+', '-', '*', '/', '%', '==', '!=', '<', '<=', '&&', '||', 'in', '? 1 :')

/** Expressions that mostly parse, and now and then make sense. */
const { expression } = fc.letrec<{ expression: string }>((tie) => {
  const inner = tie('expression')
  const some = fc.array(inner, { maxLength: 3 }).map((list) => list.join(', '))
  return {
    expression: fc.oneof(
      { maxDepth: 4, depthSize: 'small' },
      leaf,
      fc.tuple(inner, operator, inner).map(([left, sign, right]) => `(${left} ${sign} ${right})`),
      fc.tuple(inner, functionName, some).map(([target, name, given]) => `${target}.${name}(${given})`),
      fc.tuple(functionName, some).map(([name, given]) => `${name}(${given})`),
      fc.tuple(inner, macroName, some).map(([target, name, given]) => `${target}.${name}(x, ${given})`),
      fc.tuple(inner, inner).map(([list, index]) => `${list}[${index}]`),
      some.map((items) => `[${items}]`),
      fc.tuple(inner, inner).map(([key, value]) => `{${key}: ${value}}`),
    ),
  }
})

const text = fc.array(
  fc.oneof(leaf, words, fc.constantFrom('(', ')', '.', '?', ':', '{', '}', '!', '-', "r'", '"""', '//')),
  {
    maxLength: 15,
  },
)

const bindings = { self: { spec: { replicas: 3, names: ['a', 'b'], labels: { a: 'b' } } } }

const expressions = fc.property(
  fc.oneof(
    { weight: 3, arbitrary: expression },
    { weight: 1, arbitrary: text.map((parts) => parts.join('')) },
    { weight: 1, arbitrary: fc.string({ unit: 'binary' }) },
  ),
  fc.jsonValue({ maxDepth: 2 }),
  (source, object) => {
    const compiled = compileCel(environment, source)
    if ('errors' in compiled) return
    estimateCost(compiled.program)
    try {
      formatValue(compiled.program.evaluate({ ...bindings, object }, { costLimit: 10_000 }).value)
    } catch (error) {
      if (!(error instanceof CelRuntimeError)) throw error
    }
  },
)

export const expressionFuzz: readonly Fuzz[] = [
  { name: 'a CEL expression is compiled and evaluated, or refused', share: 10, property: expressions },
]
