import { Command, CommanderError } from 'commander'
import { components } from '../cluster/options.ts'
import { kubernetesVersion, kubetsVersion } from '../cluster/version.ts'
import { limitYoungHeap } from '../platform/idle-memory.ts'
import { apiServerHelp, apiServerOptions } from './api-server-options.ts'

/** Errors whose text is the whole story for the person at the terminal: a sentence with the way out. */
const speaksForItself = new Set(['UsageError', 'StoreError'])

function defineClusterFlags(command: Command): Command {
  for (const flag of apiServerOptions()) command.addOption(flag)
  return command
    .option('--data-dir <path>', 'where everything is kept')
    .option('--port <number>', 'port of the API server (6443)')
    .option('--bind-address <address>', 'address of the API server (0.0.0.0)')
    .option('--nodes <count>', 'nodes that run Pods; 0 needs no root (1)')
    .option('--simulate-nodes <count>', 'hollow nodes, which run nothing (0)')
    .option('--components <list>', `what to run (${components.join(',')})`)
    .option('--datastore <where>', 'sqlite, or etcd://host:port[,…] (sqlite)')
    .option('--service-cidr <network>', 'addresses of Services (10.96.0.0/12)')
    .option('--cluster-cidr <network>', 'addresses of Pods (10.244.0.0/16)')
    .option('--cluster-domain <name>', 'DNS domain (cluster.local)')
    .option('--node-name <name>', "the first node's name (the host's)")
    .option('--pod-manifest-path <path>', 'folder of static Pods (<data-dir>/manifests)')
    .option('--log-level <level>', 'trace, debug, info, warn, error, silent (warn)')
    .option('--config <file>', 'the same options in YAML')
    .addHelpText('after', () => apiServerHelp())
}

const dataDirFlag = ['--data-dir <path>', 'where kubets keeps everything'] as const

function defineCommands(program: Command): void {
  program
    .name('kubets')
    .description('Kubernetes, whole, in TypeScript')
    .version(`kubets ${kubetsVersion} (Kubernetes ${kubernetesVersion})`, '-v, --version')
    .configureOutput({ outputError: (text, write) => write(text.replace(/^error: /, 'kubets: ')) })
    .exitOverride()
  defineClusterFlags(program.command('up').description('run a cluster on this machine, in the foreground')).action(
    async (flags) => (await import('./up.ts')).up(flags),
  )
  program
    .command('agent')
    .description('run one node (started by `kubets up`)')
    .requiredOption('--config <file>', 'what `kubets up` wrote for this node')
    .action(async (flags) => (await import('./agent.ts')).agent(flags))
  program
    .command('down')
    .description('remove Pods, namespaces and rules of a cluster on this machine')
    .option(...dataDirFlag)
    .option('--purge', 'remove its data, too')
    .action(async (flags) => (await import('./down.ts')).down(flags))
  program
    .command('status')
    .description('say what runs')
    .option(...dataDirFlag)
    .action(async (flags) => (await import('./status.ts')).status(flags))
  defineImageCommands(program.command('image').description('images on the nodes of this machine'))
  program
    .command('token')
    .description('make a bearer token for a service account')
    .argument('[service-account]', 'namespace/name', 'kube-system/default')
    .option(...dataDirFlag)
    .option('--duration <seconds>', 'how long it is good', '3600')
    .action(async (account, flags) => (await import('./token.ts')).token(account, flags))
  program
    .command('backup')
    .description('write a consistent copy of the datastore, also while it runs')
    .argument('<file>')
    .option(...dataDirFlag)
    .action(async (file, flags) => (await import('./backup.ts')).backup(file, flags))
  program
    .command('restore')
    .description('start over from a backup; the cluster must not run')
    .argument('<file>')
    .option(...dataDirFlag)
    .action(async (file, flags) => (await import('./backup.ts')).restore(file, flags))
}

function defineImageCommands(image: Command): void {
  image
    .command('import')
    .description('bring images from an archive (docker save, OCI) onto every node')
    .argument('<archive...>')
    .option(...dataDirFlag)
    .action(async (archives, flags) => (await import('./image.ts')).importImages(archives, flags))
  image
    .command('ls')
    .description('list the images')
    .option(...dataDirFlag)
    .action(async (flags) => (await import('./image.ts')).listImages(flags))
}

/** The exit code of a command line that makes no sense, as of most programs. */
const wrongUsage = 2

/** One sentence for the user's mistakes; the stack only for ours. */
function explain(error: unknown): string {
  if (error instanceof Error && speaksForItself.has(error.name)) return error.message
  return `unexpected error, please report it: ${error instanceof Error ? error.stack : String(error)}`
}

limitYoungHeap(true)
const program = new Command()
defineCommands(program)
try {
  await program.parseAsync()
} catch (error) {
  if (error instanceof CommanderError) {
    process.exitCode = error.exitCode === 0 ? 0 : wrongUsage
  } else {
    console.error(`kubets: ${explain(error)}`)
    process.exit((error as { readonly exitCode?: number }).exitCode ?? 1)
  }
}
