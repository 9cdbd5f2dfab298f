import type { FileHandle } from 'node:fs/promises'

const blockBytes = 4096
const lineFeed = 0x0a

/** Where the last `lines` entries of a log begin. Reads backwards, a block at a time. After cri-client pkg/logs tail.go. */
export async function tailOffset(file: FileHandle, lines: number): Promise<number> {
  const { size } = await file.stat()
  let counted = 0
  for (let right = size; right > 0; right -= blockBytes) {
    const left = Math.max(0, right - blockBytes)
    const block = Buffer.alloc(right - left)
    await file.read(block, 0, block.length, left)
    const feeds = lineFeeds(block)
    // One more than asked for: the last entry's own line feed ends the file.
    const surplus = counted + feeds.length - lines
    if (surplus > 0) return left + feeds[surplus - 1]! + 1
    counted += feeds.length
  }
  return 0
}

function lineFeeds(block: Buffer): number[] {
  const offsets: number[] = []
  for (let at = block.indexOf(lineFeed); at >= 0; at = block.indexOf(lineFeed, at + 1)) offsets.push(at)
  return offsets
}
