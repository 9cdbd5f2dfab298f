/** A file, folder or link of an archive. */
export interface TarEntry {
  readonly path: string
  readonly mode?: number
  readonly data?: Uint8Array
  readonly type?: 'file' | 'directory' | 'symlink'
  readonly linkTarget?: string
}

const blockBytes = 512

/** A tar archive in the POSIX ustar format, owned by root, with times of zero so that equal content gives equal bytes. */
export function tarArchive(entries: readonly TarEntry[]): Buffer {
  const parts: Uint8Array[] = []
  for (const entry of entries) {
    const data = entry.data ?? new Uint8Array()
    parts.push(header(entry, data.length), data)
    const rest = data.length % blockBytes
    if (rest > 0) parts.push(new Uint8Array(blockBytes - rest))
  }
  parts.push(new Uint8Array(2 * blockBytes))
  return Buffer.concat(parts)
}

const typeFlags = { file: '0', symlink: '2', directory: '5' }

function header(entry: TarEntry, size: number): Buffer {
  const { path, type = 'file', mode = type === 'directory' ? 0o755 : 0o644, linkTarget = '' } = entry
  const { name, prefix } = splitPath(path)
  const block = Buffer.alloc(blockBytes)
  block.write(name, 0, 100)
  block.write(octal(mode, 8), 100)
  block.write(octal(0, 8), 108)
  block.write(octal(0, 8), 116)
  block.write(octal(size, 12), 124)
  block.write(octal(0, 12), 136)
  block.write('        ', 148)
  block.write(typeFlags[type], 156)
  block.write(linkTarget, 157, 100)
  block.write('ustar\u000000', 257)
  block.write(prefix, 345, 155)
  const sum = block.reduce((total, byte) => total + byte, 0)
  block.write(`${sum.toString(8).padStart(6, '0')}\0 `, 148)
  return block
}

/** ustar keeps 100 bytes of name and, split at a slash, 155 bytes of folders before it. */
function splitPath(path: string): { name: string; prefix: string } {
  if (Buffer.byteLength(path) <= 100) return { name: path, prefix: '' }
  const slash = path.indexOf('/', path.length - 101)
  if (slash < 0 || slash > 155) throw new Error(`path too long for a tar archive: ${path}`)
  return { name: path.slice(slash + 1), prefix: path.slice(0, slash) }
}

const octal = (value: number, width: number) => `${value.toString(8).padStart(width - 1, '0')}\0`
