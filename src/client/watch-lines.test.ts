import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { ApiWatchEvent } from './transport.ts'
import { decodeWatchLines } from './watch-lines.ts'

async function decode(chunks: readonly (string | Uint8Array)[], maxLineLength = 1000): Promise<ApiWatchEvent[]> {
  async function* stream() {
    for (const chunk of chunks) yield typeof chunk === 'string' ? Buffer.from(chunk) : chunk
  }
  return Array.fromAsync(decodeWatchLines(stream(), maxLineLength))
}

const line = (name: string) => `${JSON.stringify({ type: 'ADDED', object: { metadata: { name } } })}\n`

test('events are found however the chunks are cut, within a character too', async () => {
  const bytes = Buffer.from(line('ä') + line('b') + line('c'))
  for (let size = 1; size < bytes.length; size += 1) {
    const chunks = Array.from({ length: Math.ceil(bytes.length / size) }, (_, index) =>
      bytes.subarray(index * size, (index + 1) * size),
    )
    const names = (await decode(chunks)).map(({ object }) => object.metadata?.name)
    assert.deepEqual(names, ['ä', 'b', 'c'])
  }
})

const refused: [title: string, chunks: string[], message: RegExp][] = [
  ['a line that is no JSON', ['{"type":\n'], /JSON/],
  ['a line without type and object', ['{"kind":"Status"}\n'], /no type or no object/],
  ['a line longer than the limit', [line('x'.repeat(100))], /longer than 80/],
  ['a line without an end that grows past the limit', ['x'.repeat(50), 'x'.repeat(50)], /longer than 80/],
  ['an end in the middle of an event', ['{"type":"ADDED",'], /middle of an event/],
]
for (const [title, chunks, message] of refused) {
  test(`${title} is refused`, () => assert.rejects(decode(chunks, 80), message))
}
