import assert from 'node:assert/strict'
import { test } from 'node:test'
import { inVisitedOrder, visitedBy } from './visited-order.ts'

const document = { kind: 'K', apiVersion: 'v1', spec: { b: 1, a: [{ z: 1, y: 2 }] }, status: { d: 1, c: 2 } }

const rows: { title: string; visited: unknown; text: string }[] = [
  {
    title: 'a merge patch orders the objects it names',
    visited: { spec: { b: 2 } },
    text: '{"apiVersion":"v1","kind":"K","spec":{"a":[{"z":1,"y":2}],"b":1},"status":{"d":1,"c":2}}',
  },
  {
    title: 'a JSON patch orders the objects on the way to what it changes',
    visited: visitedBy([{ op: 'add', path: '/spec/a/0/x', value: 1 }]),
    text: '{"apiVersion":"v1","kind":"K","spec":{"a":[{"y":2,"z":1}],"b":1},"status":{"d":1,"c":2}}',
  },
]

for (const { title, visited, text } of rows) {
  test(title, () => assert.equal(JSON.stringify(inVisitedOrder(document, visited)), text))
}
