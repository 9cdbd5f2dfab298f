import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { compileCel } from './compile.ts'
import { estimateCost } from './cost-estimate.ts'
import { celEnvironment } from './environment.ts'
import { CelRuntimeError } from './evaluation.ts'
import { formatValue } from './format-value.ts'
import { bounded, dynType, intType, listType, mapType, objectType, stringType } from './types.ts'

const spec = objectType('spec', {
  replicas: intType,
  names: listType(bounded(stringType, 10), { maxElements: 20 }),
  labels: mapType(stringType, stringType),
})
const environment = celEnvironment({
  variables: { self: objectType('self', { spec }), object: dynType, oldObject: dynType },
})
const bindings = {
  self: { spec: { replicas: 3, names: ['a', 'b'], labels: { a: 'b' } } },
  object: { metadata: { name: 'x' }, ratio: 1.5, none: null },
  oldObject: null,
}

function run(expression: string): { value: string; cost: number } {
  const compiled = compileCel(environment, expression)
  if ('errors' in compiled) throw new Error(compiled.errors)
  const { value, cost } = compiled.program.evaluate(bindings, { costLimit: 1_000_000 })
  return { value: formatValue(value), cost }
}

const evaluations: readonly [expression: string, value: string, cost: number][] = [
  ['1 + 2', '3', 1],
  ['self.spec.replicas > 2', 'true', 4],
  ['self.spec.names.all(n, n.startsWith("a") || n == "b")', 'true', 16],
  ['has(object.metadata.labels)', 'false', 2],
  ['oldObject == null', 'true', 2],
  ['object.none == null', 'true', 3],
  ['object.metadata.?labels.orValue({})', '{}', 2],
  ['"a" in ["a", "b"]', 'true', 0],
  ['self.spec.names.map(n, n + "x")', '[ax, bx]', 32],
  ['[1, 2].exists(x, x / 0 > 1 || x == 2)', 'true', 19],
  ['optional.of(1).optMap(x, x + 1)', 'optional(2)', 7],
  ['true ? self.spec.replicas : 1', '3', 2],
  ['dyn(self.spec.replicas) == 3.0', 'true', 5],
  ['{"a": 1}.transformMap(k, v, v + 1)', '{a: 2}', 6],
  ['["b", "a"].sortBy(x, x)', '[a, b]', 48],
  ['"%.2f".format([1234.567])', '1,234.57', 1],
  ['"%s-%d".format(["a", 3])', 'a-3', 1],
  ['quantity("1.5Gi").isGreaterThan(quantity("1Gi"))', 'true', 3],
  ['cidr("10.0.0.0/8").containsIP("10.1.1.1")', 'true', 3],
  ['semver("1.2.3-rc.1").isLessThan(semver("1.2.3"))', 'true', 3],
  ['timestamp("2023-06-14T02:00:00Z").getHours("America/Los_Angeles")', '19', 1],
]

for (const [expression, value, cost] of evaluations) {
  test(`${expression} is ${value} and costs ${cost}`, () => assert.deepEqual(run(expression), { value, cost }))
}

const failures: readonly [expression: string, message: string][] = [
  ['object.metadata.foo', 'no such key: foo'],
  ['self.spec.names[5]', 'index out of bounds: 5'],
  ['self.spec.replicas / 0', 'division by zero'],
  ['dyn(1) + "a"', 'no such overload'],
  ['9223372036854775807 + self.spec.replicas', 'integer overflow'],
  ['lists.range(5000000)', 'operation cancelled: actual cost limit exceeded'],
]

for (const [expression, message] of failures) {
  test(`${expression} fails: ${message}`, () => assert.throws(() => run(expression), { message }))
}

const primary = "'.', '-', '!', 'true', 'false', 'null', NUM_FLOAT, NUM_INT, NUM_UINT, STRING, BYTES, IDENTIFIER}"

const refusals: readonly [expression: string, errors: string][] = [
  ['a', "ERROR: <input>:1:1: undeclared reference to 'a' (in container '')\n | a\n | ^"],
  ['self.x', "ERROR: <input>:1:5: undefined field 'x'\n | self.x\n | ....^"],
  [
    '1 + "a"',
    "ERROR: <input>:1:3: found no matching overload for '_+_' applied to '(int, string)'\n | 1 + \"a\"\n | ..^",
  ],
  [
    'Bad_Value!',
    "ERROR: <input>:1:10: Syntax error: extraneous input '!' expecting <EOF>\n | Bad_Value!\n | .........^",
  ],
  ['..', "ERROR: <input>:1:2: Syntax error: no viable alternative at input '..'\n | ..\n | .^"],
  ['object.', "ERROR: <input>:1:8: Syntax error: no viable alternative at input '.'\n | object.\n | .......^"],
  ['(', `ERROR: <input>:1:2: Syntax error: mismatched input '<EOF>' expecting {'[', '{', '(', ${primary}\n | (\n | .^`],
  [
    'bad(',
    `ERROR: <input>:1:5: Syntax error: mismatched input '<EOF>' expecting {'[', '{', '(', ')', ${primary}\n | bad(\n | ....^`,
  ],
  ['', `ERROR: <input>:1:0: Syntax error: mismatched input '<EOF>' expecting {'[', '{', '(', ${primary}`],
  ['timestamp("x")', 'ERROR: <input>:1:11: invalid timestamp argument\n | timestamp("x")\n | ..........^'],
]

for (const [expression, errors] of refusals) {
  test(`${JSON.stringify(expression)} does not compile`, () => {
    const compiled = compileCel(environment, expression)
    assert.equal('errors' in compiled && compiled.errors, errors)
  })
}

test('an estimate takes sizes from the declared types', () => {
  const compiled = compileCel(environment, 'self.spec.names.all(n, n == "abc")')
  assert.ok('program' in compiled)
  assert.deepEqual(estimateCost(compiled.program), { min: 4, max: 104 })
})

const words = fc.constantFrom(
  ...[
    'self',
    'object',
    '.spec',
    '.?x',
    '.names',
    '[0]',
    '[?1]',
    '(',
    ')',
    '[',
    ']',
    '{',
    '}',
    ',',
    ':',
    '?',
    '1',
    '2u',
  ],
  ...[
    '1.5',
    '"a"',
    "b'b'",
    'true',
    'null',
    ' + ',
    ' - ',
    '-',
    '!',
    ' && ',
    ' || ',
    ' == ',
    ' < ',
    ' in ',
    'size(',
    '\n',
  ],
  ...['.map(x, ', '.all(i, v, ', '.filter(x, ', 'x', 'dyn(', 'string(', '.format([', 'has(', '"%s"', '.matches(', "'["],
)

test('random text compiles and runs, or is refused in the declared way', () => {
  const text = fc.oneof(
    fc.string({ unit: 'binary' }),
    fc.array(words, { maxLength: 25 }).map((parts) => parts.join('')),
  )
  fc.assert(
    fc.property(text, (expression) => {
      const compiled = compileCel(environment, expression)
      if ('errors' in compiled) return
      estimateCost(compiled.program)
      try {
        compiled.program.evaluate(bindings, { costLimit: 10_000 })
      } catch (err) {
        if (!(err instanceof CelRuntimeError)) throw err
      }
    }),
    { numRuns: 3_000 },
  )
})

test('deep nesting is refused, whatever nests', () => {
  for (const deep of [
    '('.repeat(5_000),
    '['.repeat(5_000),
    `1${' + 1'.repeat(5_000)}`,
    `self${'.a'.repeat(5_000)}`,
    '-'.repeat(9_000),
  ]) {
    assert.ok('errors' in compileCel(environment, deep))
  }
})
