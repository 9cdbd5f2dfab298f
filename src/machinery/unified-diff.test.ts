import assert from 'node:assert/strict'
import { test } from 'node:test'
import { unifiedDiff } from './unified-diff.ts'

const numbers = (from: number, to: number) =>
  Array.from({ length: to - from + 1 }, (_, index) => `line ${from + index}`)

const rows = [
  { title: 'says nothing of equal texts', before: 'a\nb', after: 'a\nb', want: '' },
  { title: 'shows a changed line', before: 'a\nb\nc', after: 'a\nx\nc', want: '@@ -1,3 +1,3 @@\n a\n-b\n+x\n c\n' },
  { title: 'shows what is added to nothing', before: '', after: 'a', want: '@@ -1 +1 @@\n-\n+a\n' },
  {
    title: 'keeps three lines around a change',
    before: numbers(1, 9).join('\n'),
    after: numbers(1, 9).toSpliced(4, 1).join('\n'),
    want: '@@ -2,7 +2,6 @@\n line 2\n line 3\n line 4\n-line 5\n line 6\n line 7\n line 8\n',
  },
  {
    title: 'makes a hunk of each of two distant changes',
    before: ['x', ...numbers(1, 8), 'y'].join('\n'),
    after: numbers(1, 8).join('\n'),
    want: '@@ -1,4 +1,3 @@\n-x\n line 1\n line 2\n line 3\n@@ -7,4 +6,3 @@\n line 6\n line 7\n line 8\n-y\n',
  },
]

for (const { title, before, after, want } of rows) {
  test(`a unified diff ${title}`, () => assert.equal(unifiedDiff(before, after), want))
}
