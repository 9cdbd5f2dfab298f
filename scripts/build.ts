// Bundles the command line, the store's worker and the package's public face into dist/. `--if-stale`: only when a
// source is newer than the bundle. `--types`: the type declarations, too.
import { spawnSync } from 'node:child_process'
import { readdirSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { build } from 'esbuild'
import { entryPoints, projectDirectory } from './entry-points.ts'

const outputDirectory = join(projectDirectory, 'dist')
const stamp = join(outputDirectory, '.built')

function newestSourceMs(): number {
  const sources = readdirSync(join(projectDirectory, 'src'), { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && !entry.name.endsWith('.test.ts'))
    .map((entry) => join(entry.parentPath, entry.name))
  const others = ['package.json', 'package-lock.json', 'scripts/build.ts', 'scripts/entry-points.ts']
  const files = [...sources, ...others.map((file) => join(projectDirectory, file))]
  return Math.max(...files.map((file) => statSync(file).mtimeMs))
}

function isStale(): boolean {
  const built = statSync(stamp, { throwIfNoEntry: false })
  return built === undefined || built.mtimeMs < newestSourceMs()
}

/** CommonJS dependencies ask for `require`, which a bundle in ESM form lacks. */
const requireBanner =
  "import { createRequire as createRequire_ } from 'node:module'; const require = createRequire_(import.meta.url);"

async function bundle(): Promise<void> {
  const startedMs = performance.now()
  rmSync(outputDirectory, { recursive: true, force: true })
  await build({
    absWorkingDir: projectDirectory,
    entryPoints,
    outdir: outputDirectory,
    bundle: true,
    splitting: true,
    platform: 'node',
    format: 'esm',
    mainFields: ['module', 'main'],
    target: 'node26',
    minifySyntax: true,
    minifyWhitespace: true,
    keepNames: true,
    legalComments: 'none',
    banner: { js: requireBanner },
    logLevel: 'warning',
  })
  writeFileSync(stamp, '')
  console.error(`kubets: bundled in ${Math.round(performance.now() - startedMs)} ms`)
}

/** Type declarations, for the published package alone: nobody else needs them. */
function declareTypes(): void {
  const compiler = join(projectDirectory, 'node_modules', 'typescript', 'bin', 'tsc')
  const { status } = spawnSync(process.execPath, [compiler, '-p', 'tsconfig.types.json'], {
    cwd: projectDirectory,
    stdio: ['ignore', 2, 2],
  })
  if (status !== 0) process.exit(1)
}

if (!process.argv.includes('--if-stale') || isStale()) await bundle()
if (process.argv.includes('--types')) declareTypes()
