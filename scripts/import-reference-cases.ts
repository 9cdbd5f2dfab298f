// Packs the recordings of the original API server for the tests: `scripts/import-reference-cases.ts REFERENCE_DIR`.
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { gzipSync } from 'node:zlib'

const target = join(import.meta.dirname, '..', 'test', 'fixtures', 'reference')

/** The files of a folder as one JSON object, by file name without `.json`. */
function bundle(folder: string): Buffer {
  const entries = readdirSync(folder)
    .sort()
    .map((file) => [file.replace(/\.json$/, ''), JSON.parse(readFileSync(join(folder, file), 'utf8'))])
  return Buffer.from(JSON.stringify(Object.fromEntries(entries)))
}

function pack(name: string, content: Buffer): void {
  const packed = gzipSync(content, { level: 9 })
  writeFileSync(join(target, `${name}.gz`), packed)
  console.log(`${name}.gz: ${packed.length} bytes`)
}

const source = process.argv[2]
if (source === undefined) {
  console.error('usage: import-reference-cases.ts REFERENCE_DIR')
  process.exitCode = 1
} else {
  mkdirSync(target, { recursive: true })
  const cases = join(source, 'cases')
  for (const file of readdirSync(cases).sort()) pack(file, readFileSync(join(cases, file)))
  for (const folder of ['bootstrap', 'discovery']) pack(`${folder}.json`, bundle(join(source, folder)))
}
