import assert from 'node:assert/strict'
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'

/** The behaviours of Kubernetes v1.36's conformance list that sig-api-machinery, sig-auth and sig-architecture own. */
const behaviours = readFileSync(join(import.meta.dirname, 'behaviours.txt'), 'utf8')
  .trimEnd()
  .split('\n')

/** The names of all tests here, as they are written. */
function testNames(): string[] {
  const files = readdirSync(import.meta.dirname).filter((file) => file.endsWith('.slow.test.ts'))
  return files.flatMap((file) => {
    const source = readFileSync(join(import.meta.dirname, file), 'utf8')
    return [...source.matchAll(/^test\((['"])(.*?)\1, async/gm)].map(([, , name]) => name!)
  })
}

test('every conformance behaviour has a test, and every test shows one', () => {
  assert.deepEqual(testNames().toSorted(), behaviours.toSorted())
})
