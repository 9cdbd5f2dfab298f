import { execFileSync } from 'node:child_process'
import { readFileSync, realpathSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { dockerArchive, type ImageConfig, ociArchive } from '../../src/kubelet/containerd/oci-archive.ts'
import { type TarEntry, tarArchive } from '../../src/kubelet/containerd/tar.ts'

const architecture = process.arch === 'x64' ? 'amd64' : process.arch

export interface TestImage {
  readonly reference: string
  readonly entries: readonly TarEntry[]
  readonly config: ImageConfig
}

/** The tools of busybox, from Debian's busybox-static: `sh`, `httpd`, `nc`, `wget`, `nslookup` and the rest. */
export function busyboxImage(reference = 'docker.io/library/busybox:latest'): TestImage {
  const binary = readFileSync('/bin/busybox')
  const applets = execFileSync('/bin/busybox', ['--list'], { encoding: 'utf8' }).trim().split('\n')
  return {
    reference,
    entries: [
      ...directories(['bin', 'etc', 'home', 'root', 'usr', 'var', 'var/www']),
      { path: 'tmp', type: 'directory', mode: 0o1777 },
      { path: 'bin/busybox', data: binary, mode: 0o755 },
      ...applets
        .filter((applet) => applet !== 'busybox')
        .map((applet): TarEntry => ({ path: `bin/${applet}`, type: 'symlink', linkTarget: '/bin/busybox' })),
      ...accounts,
    ],
    config: { Cmd: ['sh'], Env: ['PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin'] },
  }
}

/** nginx with the libraries that `ldd` names, serving a page on port 80. Throws when nginx is not installed. */
export function nginxImage(reference = 'docker.io/library/nginx:latest', page = 'Welcome to nginx!\n'): TestImage {
  const binary = realpathSync('/usr/sbin/nginx')
  return {
    reference,
    entries: [
      ...directories(['etc', 'etc/nginx', 'run', 'usr', 'usr/sbin', 'usr/share', 'usr/share/nginx']),
      ...directories(['usr/share/nginx/html', 'var', 'var/lib', 'var/lib/nginx', 'var/log', 'var/log/nginx']),
      { path: 'tmp', type: 'directory', mode: 0o1777 },
      { path: 'usr/sbin/nginx', data: readFileSync(binary), mode: 0o755 },
      ...libraries(binary),
      ...accounts,
      { path: 'etc/nginx/nginx.conf', data: Buffer.from(nginxConfiguration) },
      { path: 'usr/share/nginx/html/index.html', data: Buffer.from(page) },
    ],
    config: {
      Cmd: ['/usr/sbin/nginx', '-g', 'daemon off;'],
      Env: ['PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin'],
      ExposedPorts: { '80/tcp': {} },
      StopSignal: 'SIGQUIT',
    },
  }
}

/** Writes the image as an archive that `kubets image import` takes. Returns its path. */
export function writeImage(image: TestImage, directory: string, format: 'oci' | 'docker' = 'oci'): string {
  const path = join(directory, `${image.reference.replaceAll(/[/:]/g, '_')}.tar`)
  const { reference, config } = image
  const source = { reference, config, architecture, layer: tarArchive(image.entries) }
  writeFileSync(path, format === 'oci' ? ociArchive(source) : dockerArchive(source))
  return path
}

function directories(paths: readonly string[]): TarEntry[] {
  return paths.map((path) => ({ path, type: 'directory' }))
}

/** The libraries and the loader of a dynamic program, each at the path where the loader looks for it. */
function libraries(binary: string): TarEntry[] {
  const output = execFileSync('ldd', [binary], { encoding: 'utf8' })
  const paths = [...output.matchAll(/(\/\S+) \(0x/g)].map(([, path]) => path!)
  const folders = new Set<string>()
  for (const path of paths) {
    for (let folder = dirname(path).slice(1); folder !== '.' && folder !== ''; folder = dirname(folder)) {
      folders.add(folder)
    }
  }
  return [
    ...directories([...folders].sort()),
    ...paths.map((path) => ({ path: path.slice(1), data: readFileSync(path), mode: 0o755 })),
  ]
}

const accounts: readonly TarEntry[] = [
  { path: 'etc/passwd', data: Buffer.from('root:x:0:0:root:/root:/bin/sh\nnobody:x:65534:65534::/:/bin/false\n') },
  { path: 'etc/group', data: Buffer.from('root:x:0:\nnogroup:x:65534:\n') },
]

const nginxConfiguration = `worker_processes 1;
error_log /dev/stderr notice;
pid /run/nginx.pid;
events { worker_connections 512; }
http {
  access_log /dev/stdout;
  server { listen 80; root /usr/share/nginx/html; }
}
`
