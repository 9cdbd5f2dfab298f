import assert from 'node:assert/strict'
import { readdirSync, readFileSync } from 'node:fs'
import { dirname, join, relative } from 'node:path'
import { test } from 'node:test'
import { fileURLToPath } from 'node:url'

const source = join(dirname(fileURLToPath(import.meta.url)), '..', 'src')

const onlyTheApi = ['client', 'api', 'machinery', 'platform']

/** The table of `docs/architecture.md`: what each folder of `src/` may import beside itself. */
const mayImport: Record<string, readonly string[]> = {
  platform: [],
  machinery: [],
  api: ['machinery'],
  store: ['platform'],
  client: ['api', 'machinery', 'platform'],
  apiserver: ['store', ...onlyTheApi],
  controllers: onlyTheApi,
  scheduler: onlyTheApi,
  kubelet: onlyTheApi,
  proxy: onlyTheApi,
  network: onlyTheApi,
  dns: onlyTheApi,
  ingress: onlyTheApi,
  cloud: onlyTheApi,
  autoscaling: onlyTheApi,
  cluster: [
    'apiserver',
    'store',
    'controllers',
    'scheduler',
    'kubelet',
    'proxy',
    'network',
    'dns',
    'ingress',
    'cloud',
    'autoscaling',
    ...onlyTheApi,
  ],
  cli: ['cluster', ...onlyTheApi],
  /** The package's public face. */
  'index.ts': ['cluster', ...onlyTheApi],
}

interface Import {
  from: string
  to: string
}

function sourceFiles(): string[] {
  return readdirSync(source, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && entry.name.endsWith('.ts'))
    .map((entry) => relative(source, join(entry.parentPath, entry.name)))
}

/** Relative imports of a file, those of types included, as paths below `src/`. */
function importsOf(file: string): Import[] {
  const text = readFileSync(join(source, file), 'utf8')
  const pattern = /(?:from|import)\s*\(?\s*['"](\.[^'"]+)['"]/g
  return [...text.matchAll(pattern)].map(([, path]) => ({ from: file, to: join(dirname(file), path!) }))
}

const files = sourceFiles()
const production = files.filter((file) => !file.endsWith('.test.ts'))
const roomOf = (file: string) => file.split('/')[0]!

test('every import stays within the table of the design', () => {
  const refused = production
    .flatMap(importsOf)
    .filter(({ from, to }) => roomOf(from) !== roomOf(to) && !mayImport[roomOf(from)]?.includes(roomOf(to)))
    .map(({ from, to }) => `${from} imports ${to}`)
  assert.deepEqual(refused, [])
})

test('no file imports itself in a circle, not even for types', () => {
  const graph = new Map(production.map((file) => [file, importsOf(file).map(({ to }) => to)]))
  const finished = new Set<string>()
  const circles: string[] = []
  const visit = (file: string, path: string[]): void => {
    if (finished.has(file)) return
    if (path.includes(file)) {
      circles.push([...path.slice(path.indexOf(file)), file].join(' → '))
      return
    }
    for (const next of graph.get(file) ?? []) visit(next, [...path, file])
    finished.add(file)
  }
  for (const file of graph.keys()) visit(file, [])
  assert.deepEqual(circles, [])
})

test('time comes only from the clock', () => {
  const allowed = ['platform/clock.ts', 'platform/virtual-clock.ts']
  const refused = production
    .filter((file) => !allowed.includes(file))
    .filter((file) =>
      /\bDate\.now\(|\bnew Date\(\)|(?<![.\w])set(Timeout|Interval)\(/.test(readFileSync(join(source, file), 'utf8')),
    )
  assert.deepEqual(refused, [])
})

test('no program is started through a shell', () => {
  const refused = production.filter((file) =>
    /(?<!runtime\.)\bexecSync\(|\bexec\(['"`]|shell: true/.test(readFileSync(join(source, file), 'utf8')),
  )
  assert.deepEqual(refused, [])
})
