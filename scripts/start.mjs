// `npm start`: sets the machine up, bundles what is newer than its bundle, and runs kubets with the arguments given
// (`up` when none names a command).
import { spawn, spawnSync } from 'node:child_process'
import {
  installDebianPackages,
  installNodeModules,
  nodePackages,
  pinnedNode,
  projectDirectory,
  runOrExplain,
} from './setup.mjs'

function flagValue(args, flag) {
  const at = args.findIndex((arg) => arg === flag || arg.startsWith(`${flag}=`))
  if (at < 0) return undefined
  return args[at].includes('=') ? args[at].slice(flag.length + 1) : args[at + 1]
}

/** Whether the arguments ask for nodes that run Pods, which need the Debian packages. */
function wantsNodes(args) {
  const components = flagValue(args, '--components') ?? process.env.KUBETS_COMPONENTS ?? 'node'
  return (flagValue(args, '--nodes') ?? process.env.KUBETS_NODES) !== '0' && components.split(',').includes('node')
}

runOrExplain(() => {
  const args = process.argv.slice(2)
  const command = args[0] && !args[0].startsWith('-') ? args : ['up', ...args]
  installNodeModules()
  if (command[0] === 'up' && wantsNodes(args) && !args.includes('--help')) installDebianPackages(nodePackages)
  const built = spawnSync(pinnedNode, ['scripts/build.ts', '--if-stale'], {
    cwd: projectDirectory,
    stdio: ['ignore', 2, 2],
  })
  if (built.status !== 0) return 1
  const kubets = spawn(pinnedNode, ['dist/kubets.js', ...command], { cwd: projectDirectory, stdio: 'inherit' })
  for (const signal of ['SIGINT', 'SIGTERM']) process.on(signal, () => kubets.kill(signal))
  kubets.on('exit', (code, signal) => {
    process.exitCode = code ?? (signal === 'SIGINT' ? 130 : 143)
  })
  return 0
})
