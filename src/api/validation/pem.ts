export interface PemBlock {
  readonly type: string
  readonly hasHeaders: boolean
  readonly bytes: Buffer
}

const block = /-----BEGIN ([^\n]*?)-----[ \t\r]*\n([\s\S]*?)-----END \1-----/g

/** The blocks of a PEM text, what stands between them left out. After Go's encoding/pem. */
export function pemBlocks(text: string): PemBlock[] {
  return [...text.matchAll(block)].map(([, type = '', body = '']) => {
    const lines = body.split('\n')
    const headers = lines.filter((line) => line.includes(':'))
    const data = lines.filter((line) => !line.includes(':')).join('')
    return { type, hasHeaders: headers.length > 0, bytes: Buffer.from(data, 'base64') }
  })
}
