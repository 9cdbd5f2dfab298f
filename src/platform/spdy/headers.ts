import { createInflate, type Inflate, constants as zlib } from 'node:zlib'
import { SpdyProtocolError } from './frames.ts'

/** Header names are lower case; several values of one name are joined by a NUL. */
export type SpdyHeaders = ReadonlyMap<string, string>

/** What a header block may take, decompressed: a few kilobytes are far more than any client sends. */
const maxHeaderBytes = 64 * 1024

/** The dictionary both sides start their zlib stream with: SPDY draft 3.1, section 2.6.10.1. */
const dictionaryWords = `options head post put delete trace accept accept-charset accept-encoding accept-language \
accept-ranges age allow authorization cache-control connection content-base content-encoding content-language \
content-length content-location content-md5 content-range content-type date etag expect expires from host if-match \
if-modified-since if-none-match if-range if-unmodified-since last-modified location max-forwards pragma \
proxy-authenticate proxy-authorization range referer retry-after server te trailer transfer-encoding upgrade \
user-agent vary via warning www-authenticate method get status 200_OK version HTTP/1.1 url public set-cookie \
keep-alive origin`

const dictionaryTail =
  '100101201202205206300302303304305306307402405406407408409410411412413414415416417502504505' +
  '203 Non-Authoritative Information204 No Content301 Moved Permanently400 Bad Request401 Unauthorized' +
  '403 Forbidden404 Not Found500 Internal Server Error501 Not Implemented503 Service Unavailable' +
  'Jan Feb Mar Apr May Jun Jul Aug Sept Oct Nov Dec 00:00:00 Mon, Tue, Wed, Thu, Fri, Sat, Sun, GMT' +
  'chunked,text/html,image/png,image/jpg,image/gif,application/xml,application/xhtml+xml,text/plain,text/javascript,' +
  'publicprivatemax-age=gzip,deflate,sdchcharset=utf-8charset=iso-8859-1,utf-,*,enq=0.'

export const headerDictionary: Buffer = Buffer.concat([
  ...dictionaryWords.split(' ').map((word) => lengthPrefixed(word.replace('_', ' '))),
  Buffer.from(dictionaryTail, 'latin1'),
])

/** A zlib header that announces a dictionary, and the Adler-32 of the one above. */
const zlibPreamble = Buffer.from('78bbe3c6a7c2', 'hex')
/** An empty stored block: what a sync flush ends with. Readers hand on what they have when they meet it. */
const syncFlush = Buffer.from('000000ffff', 'hex')
const maxStoredBlockBytes = 0xffff

/**
 * Writes header blocks as stored blocks of one zlib stream: a form every inflater reads. It costs a hundred bytes a
 * stream and saves an asynchronous compressor, so frames can be written in the order in which they are made.
 */
export class HeaderEncoder {
  #started = false

  encode(headers: SpdyHeaders): Buffer {
    const plain = plainBlock(headers)
    if (plain.length > maxStoredBlockBytes) throw new RangeError(`SPDY headers of ${plain.length} bytes`)
    const block = Buffer.alloc(5)
    block.writeUInt16LE(plain.length, 1)
    block.writeUInt16LE(plain.length ^ 0xffff, 3)
    const preamble = this.#started ? [] : [zlibPreamble]
    this.#started = true
    return Buffer.concat([...preamble, block, plain, syncFlush])
  }
}

function plainBlock(headers: SpdyHeaders): Buffer {
  const count = Buffer.alloc(4)
  count.writeUInt32BE(headers.size)
  const pairs = [...headers].flatMap(([name, value]) => [lengthPrefixed(name.toLowerCase()), lengthPrefixed(value)])
  return Buffer.concat([count, ...pairs])
}

function lengthPrefixed(text: string): Buffer {
  const bytes = Buffer.from(text)
  const length = Buffer.alloc(4)
  length.writeUInt32BE(bytes.length)
  return Buffer.concat([length, bytes])
}

/** Reads the header blocks of one direction of a session. Blocks must be decoded one after another. */
export class HeaderDecoder {
  readonly #inflate: Inflate = createInflate({ dictionary: headerDictionary, flush: zlib.Z_SYNC_FLUSH })

  constructor() {
    // Errors are reported by `decode`; this keeps one that comes after it from ending the process.
    this.#inflate.on('error', () => {})
  }

  /** Rejects with SpdyProtocolError for a block that is no zlib, no header block, or too large. */
  async decode(block: Uint8Array): Promise<SpdyHeaders> {
    return parsePlainBlock(await this.#decompress(block))
  }

  close(): void {
    this.#inflate.close()
  }

  #decompress(block: Uint8Array): Promise<Buffer> {
    return new Promise((resolve, reject) => {
      const parts: Buffer[] = []
      let size = 0
      const onData = (part: Buffer) => {
        parts.push(part)
        size += part.length
        if (size > maxHeaderBytes) finish(new SpdyProtocolError('header block too large'))
      }
      const finish = (error?: Error | null) => {
        this.#inflate.off('data', onData)
        if (error) reject(new SpdyProtocolError('unreadable header block', { cause: error }))
        else resolve(Buffer.concat(parts))
      }
      this.#inflate.once('error', finish)
      this.#inflate.on('data', onData)
      this.#inflate.write(block, (error) => {
        this.#inflate.off('error', finish)
        finish(error)
      })
    })
  }
}

function parsePlainBlock(bytes: Buffer): SpdyHeaders {
  let offset = 0
  const number = () => {
    if (offset + 4 > bytes.length) throw new SpdyProtocolError('header block cut short')
    offset += 4
    return bytes.readUInt32BE(offset - 4)
  }
  const text = () => {
    const length = number()
    if (offset + length > bytes.length) throw new SpdyProtocolError('header block cut short')
    offset += length
    return bytes.toString('utf8', offset - length, offset)
  }
  const headers = new Map<string, string>()
  for (let count = number(); count > 0; count--) headers.set(text().toLowerCase(), text())
  return headers
}
