import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { promisify } from 'node:util'
import { build } from 'esbuild'

/** Opens both engines as a program of the bundle does; etcd only as far as its descriptor, for none runs. */
const program = `
import { systemClock } from ${JSON.stringify(join(import.meta.dirname, '../platform/clock.ts'))}
import { silentLogger as log } from ${JSON.stringify(join(import.meta.dirname, '../platform/log.ts'))}
import { openEtcdStore } from ${JSON.stringify(join(import.meta.dirname, 'etcd/etcd-store.ts'))}
import { openSqliteStore } from ${JSON.stringify(join(import.meta.dirname, 'sqlite/sqlite-store.ts'))}
const store = await openSqliteStore({ path: process.argv[2], clock: systemClock, log })
const result = await store.write({ key: '/a', value: Buffer.from('x'), expected: 0 })
await store.close()
const refused = await openEtcdStore({ endpoints: ['127.0.0.1:1'], clock: systemClock, log }).catch((error) => error.code)
console.log(result.ok, refused)
`

test('both engines work from a bundle with the worker beside it', async (context) => {
  const folder = await mkdtemp(join(tmpdir(), 'kubets-bundle-'))
  context.after(() => rm(folder, { recursive: true }))
  const entry = join(folder, 'main.ts')
  await writeFile(entry, program)
  await build({
    entryPoints: { main: entry, 'store-worker': join(import.meta.dirname, 'sqlite/worker.ts') },
    outdir: join(folder, 'dist'),
    bundle: true,
    platform: 'node',
    format: 'esm',
    splitting: true,
    banner: { js: "import { createRequire } from 'node:module'; const require = createRequire(import.meta.url);" },
    logLevel: 'error',
  })
  await writeFile(join(folder, 'package.json'), '{"type":"module"}')
  const run = promisify(execFile)
  const { stdout } = await run(process.execPath, [join(folder, 'dist/main.js'), join(folder, 'store.db')])
  assert.equal(stdout, 'true Unavailable\n')
})
