// `npm test`: sets the machine up and runs everything. `npm run test:unit`: only what needs no Debian package and less
// than a minute. Files named `*.slow.test.ts`, examples and scenarios are the slow part; they run one at a time.
import { spawnSync } from 'node:child_process'
import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import {
  installDebianPackages,
  installNodeModules,
  nodePackages,
  pinnedNode,
  projectDirectory,
  runOrExplain,
  testPackages,
} from './setup.mjs'

/** Test files below a folder of the project, as paths from its root. */
function testFiles(folder) {
  return readdirSync(join(projectDirectory, folder), { recursive: true })
    .filter((file) => file.endsWith('.test.ts') && !file.includes('node_modules'))
    .map((file) => join(folder, file))
    .sort()
}

const isSlow = (file) => file.endsWith('.slow.test.ts')

function step(title, args) {
  console.log(`\n== ${title}`)
  // Types are stripped once a change instead of once a test file.
  const env = { ...process.env, NODE_COMPILE_CACHE: join(projectDirectory, '.cache', 'compile') }
  const { status } = spawnSync(pinnedNode, args, {
    env,
    cwd: projectDirectory,
    stdio: ['ignore', 'inherit', 'inherit'],
  })
  return status === 0
}

/** Ten minutes is more than any file needs: one that hangs fails instead of using up the whole run. */
function runTests(title, files, concurrency) {
  return step(title, ['--test', '--test-timeout=600000', `--test-concurrency=${concurrency}`, ...files])
}

runOrExplain(() => {
  const files = ['src', 'test', 'examples', 'bench'].flatMap(testFiles)
  const steps = [
    () => step('types', ['node_modules/typescript/bin/tsc', '-p', '.']),
    () => step('format and lint', ['node_modules/@biomejs/biome/bin/biome', 'check', '--error-on-warnings', '.']),
    () =>
      runTests(
        'unit tests',
        files.filter((file) => !isSlow(file)),
        2,
      ),
  ]
  if (!process.argv.includes('unit')) {
    steps.push(
      () => step('bundle', ['scripts/build.ts']),
      () => runTests('slow tests', files.filter(isSlow), 1),
    )
  }
  installNodeModules()
  if (!process.argv.includes('unit')) installDebianPackages([...nodePackages, ...testPackages])
  return steps.map((run) => run()).every(Boolean) ? 0 : 1
})
