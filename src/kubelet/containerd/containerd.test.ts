import assert from 'node:assert/strict'
import { execFileSync, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { setImmediate } from 'node:timers/promises'
import { renderContainerdConfig } from './config.ts'
import { exitedContainer } from './events.ts'
import { dockerArchive, ociArchive } from './oci-archive.ts'
import { pauseImage, pauseProgram } from './pause-image.ts'
import { tarArchive } from './tar.ts'

const directory = mkdtempSync(join(tmpdir(), 'kubets-pause-'))
after(() => rmSync(directory, { recursive: true, force: true }))

function listTar(archive: Uint8Array): string[] {
  const path = join(directory, 'archive.tar')
  writeFileSync(path, archive)
  return execFileSync('tar', ['-tf', path], { encoding: 'utf8' }).trim().split('\n')
}

/** It runs (node is still itself right after the fork) and sleeps: any signal before that would end it. */
const isWaiting = (pid: number) => /^\d+ \(pause\) S/.test(readFileSync(`/proc/${pid}/stat`, 'utf8'))

test('the pause program sleeps through SIGCHLD and ends with 0 at SIGTERM', async () => {
  const path = join(directory, 'pause')
  writeFileSync(path, pauseProgram(process.arch), { mode: 0o755 })
  const child = spawn(path)
  await once(child, 'spawn')
  while (!isWaiting(child.pid!)) await setImmediate()
  child.kill('SIGCHLD')
  child.kill('SIGTERM')
  assert.deepEqual(await once(child, 'exit'), [0, null])
})

test('a processor without a pause program is named', () => {
  assert.throws(() => pauseImage('mips'), /no pause program for the processor architecture mips/)
})

test('archives are what tar expects, long names included', () => {
  const long = `${'folder/'.repeat(20)}${'name'.repeat(10)}`
  assert.deepEqual(listTar(tarArchive([{ path: long, data: Buffer.from('x') }])), [long])
  const oci = listTar(ociArchive(pauseImage('x64')))
  assert.deepEqual(oci.slice(0, 2), ['oci-layout', 'index.json'])
  assert.equal(listTar(dockerArchive(pauseImage('arm64'))).at(-1), 'manifest.json')
})

test('the end of a main process is told apart from that of a command beside it', () => {
  const field = (number: number, text: string) => [(number << 3) + 2, text.length, ...Buffer.from(text)]
  assert.equal(exitedContainer(Uint8Array.from([...field(1, 'abc'), ...field(2, 'abc')])), 'abc')
  assert.equal(exitedContainer(Uint8Array.from([...field(1, 'abc'), ...field(2, 'exec')])), undefined)
  assert.equal(exitedContainer(Uint8Array.from([])), undefined)
})

test('paths are quoted in the configuration', () => {
  const text = renderContainerdConfig({
    rootDirectory: '/a "b"',
    stateDirectory: '/s',
    socketPath: '/s/containerd.sock',
    cniConfDirectory: '/c',
    cniBinDirectory: '/usr/lib/cni',
    snapshotter: 'native',
    restrictOomScoreAdj: true,
  })
  assert.match(text, /^root = "\/a \\"b\\""$/m)
  assert.match(text, /^ {2}restrict_oom_score_adj = true$/m)
  assert.match(text, /^ {2}snapshotter = "native"$/m)
})
