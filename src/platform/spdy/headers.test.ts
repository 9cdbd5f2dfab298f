import assert from 'node:assert/strict'
import { test } from 'node:test'
import { constants, createDeflate } from 'node:zlib'
import fc from 'fast-check'
import { SpdyProtocolError } from './frames.ts'
import { HeaderDecoder, HeaderEncoder, headerDictionary } from './headers.ts'

test('the dictionary is the one of the specification', () => {
  assert.equal(headerDictionary.length, 1423)
  assert.equal(adler32(headerDictionary).toString(16), 'e3c6a7c2')
})

function adler32(bytes: Uint8Array): number {
  let a = 1
  let b = 0
  for (const byte of bytes) {
    a = (a + byte) % 65521
    b = (b + a) % 65521
  }
  return ((b << 16) | a) >>> 0
}

test('blocks of one direction read as they were written, names in lower case', async () => {
  const encoder = new HeaderEncoder()
  const decoder = new HeaderDecoder()
  for (const [have, want] of [
    [
      { streamType: 'error', port: '80' },
      { streamtype: 'error', port: '80' },
    ],
    [{ streamtype: 'data' }, { streamtype: 'data' }],
    [{}, {}],
  ]) {
    const block = encoder.encode(new Map(Object.entries(have!)))
    assert.deepEqual(await decoder.decode(block), new Map(Object.entries(want!)))
  }
  decoder.close()
})

test('blocks that a real compressor wrote are read', async () => {
  const deflate = createDeflate({ dictionary: headerDictionary, flush: constants.Z_SYNC_FLUSH })
  const decoder = new HeaderDecoder()
  const plain = Buffer.from('00000001' + '0000000a73747265616d74797065' + '000000057374646f75', 'hex')
  for (let round = 0; round < 2; round++) {
    const block: Buffer[] = []
    deflate.removeAllListeners('data').on('data', (part: Buffer) => block.push(part))
    await new Promise((resolve) => deflate.write(Buffer.concat([plain, Buffer.from('t')]), resolve))
    assert.deepEqual(await decoder.decode(Buffer.concat(block)), new Map([['streamtype', 'stdou']]))
  }
  deflate.close()
  decoder.close()
})

test('garbage, and blocks that expand without end, are refused and crash nothing', async () => {
  await fc.assert(
    fc.asyncProperty(fc.uint8Array({ maxLength: 80 }), async (bytes) => {
      const decoder = new HeaderDecoder()
      await assert.rejects(decoder.decode(bytes), SpdyProtocolError)
      decoder.close()
    }),
  )
  const deflate = createDeflate({ dictionary: headerDictionary, finishFlush: constants.Z_SYNC_FLUSH })
  const bomb: Buffer[] = []
  for await (const part of deflate.end(Buffer.alloc(4 * 1024 * 1024))) bomb.push(part)
  const decoder = new HeaderDecoder()
  await assert.rejects(decoder.decode(Buffer.concat(bomb)), /unreadable header block/)
  decoder.close()
})
