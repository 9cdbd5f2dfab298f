import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { encodeFrame, type Frame, FrameDecoder, SpdyProtocolError } from './frames.ts'

const block = Buffer.from('headers')

const cases: { title: string; frame: Frame; hex?: string }[] = [
  { title: 'SYN_STREAM', frame: { type: 'synStream', streamId: 1, fin: true, headerBlock: block } },
  { title: 'SYN_REPLY', frame: { type: 'synReply', streamId: 3, fin: false, headerBlock: block } },
  { title: 'HEADERS', frame: { type: 'headers', streamId: 3, fin: false, headerBlock: block } },
  {
    title: 'RST_STREAM',
    frame: { type: 'rstStream', streamId: 5, status: 5 },
    hex: '80030003000000080000000500000005',
  },
  { title: 'PING', frame: { type: 'ping', id: 7 }, hex: '800300060000000400000007' },
  { title: 'GOAWAY', frame: { type: 'goAway', lastStreamId: 9, status: 0 }, hex: '80030007000000080000000900000000' },
  {
    title: 'SETTINGS',
    frame: { type: 'settings', initialWindowBytes: 65536 },
    hex: '800300040000000c000000010000000700010000',
  },
  { title: 'WINDOW_UPDATE', frame: { type: 'windowUpdate', streamId: 1, delta: 65536 } },
  {
    title: 'DATA',
    frame: { type: 'data', streamId: 1, fin: true, data: Buffer.from('hi') },
    hex: '00000001010000026869',
  },
  { title: 'empty DATA', frame: { type: 'data', streamId: 1, fin: true, data: Buffer.alloc(0) } },
]

for (const { title, frame, hex } of cases) {
  test(`${title} reads as it was written`, () => {
    const bytes = encodeFrame(frame)
    if (hex) assert.equal(bytes.toString('hex'), hex)
    assert.deepEqual([...new FrameDecoder().push(bytes)], [frame])
  })

  test(`${title} reads the same byte by byte`, () => {
    const decoder = new FrameDecoder()
    const frames = [...encodeFrame(frame)].flatMap((byte) => [...decoder.push(Buffer.of(byte))])
    assert.deepEqual(joinData(frames), [frame])
  })
}

function joinData(frames: Frame[]): Frame[] {
  const joined: Frame[] = []
  for (const frame of frames) {
    const last = joined.at(-1)
    if (frame.type === 'data' && last?.type === 'data' && !last.fin) {
      joined[joined.length - 1] = { ...frame, data: Buffer.concat([last.data, frame.data]) }
    } else joined.push(frame)
  }
  return joined
}

test('other settings and unknown control frames are skipped', () => {
  const settings = Buffer.from('8003000400000004000000008003beef00000001ff', 'hex')
  const ping: Frame = { type: 'ping', id: 1 }
  assert.deepEqual([...new FrameDecoder().push(Buffer.concat([settings, encodeFrame(ping)]))], [ping])
})

const refused = [
  { title: 'another version', hex: '8002000600000004' },
  { title: 'a control frame that is too long to hold', hex: '8003000100ffffff' },
  { title: 'a RST_STREAM cut short', hex: '800300030000000400000001' },
]
for (const { title, hex } of refused) {
  test(`${title} is refused`, () => {
    assert.throws(() => [...new FrameDecoder().push(Buffer.from(hex, 'hex'))], SpdyProtocolError)
  })
}

test('no input crashes the decoder', () => {
  fc.assert(
    fc.property(fc.array(fc.uint8Array({ maxLength: 64 })), (chunks) => {
      const decoder = new FrameDecoder()
      try {
        for (const chunk of chunks) for (const frame of decoder.push(chunk)) assert.ok(frame.type)
      } catch (error) {
        assert.ok(error instanceof SpdyProtocolError)
      }
    }),
  )
})
