import assert from 'node:assert/strict'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { loadKubeconfig } from './kubeconfig.ts'

const folder = mkdtempSync(join(tmpdir(), 'kubeconfig-'))
after(() => rmSync(folder, { recursive: true }))

const base64 = (text: string) => Buffer.from(text).toString('base64')

function write(name: string, user: string): string {
  const path = join(folder, name)
  writeFileSync(
    path,
    `apiVersion: v1
kind: Config
current-context: main
clusters: [{ name: c, cluster: { server: 'https://10.0.0.1:6443/', certificate-authority-data: ${base64('CA')} } }]
contexts:
- { name: main, context: { cluster: c, user: u, namespace: team } }
- { name: broken, context: { cluster: c, user: nobody } }
users: [{ name: u, user: ${user} }]
`,
  )
  return path
}

test('data in the file and files beside it are both read', () => {
  writeFileSync(join(folder, 'key.pem'), 'KEY')
  const path = write('certificates', `{ client-certificate-data: ${base64('CERT')}, client-key: key.pem }`)
  assert.deepEqual(loadKubeconfig(path), {
    options: { url: 'https://10.0.0.1:6443', certificateAuthority: 'CA', clientCertificate: 'CERT', clientKey: 'KEY' },
    namespace: 'team',
  })
})

test('a token file is read each time, since it is renewed', () => {
  writeFileSync(join(folder, 'token'), 'first\n')
  const { token } = loadKubeconfig(write('token.yaml', '{ tokenFile: token }')).options
  assert.equal(token?.(), 'first')
  writeFileSync(join(folder, 'token'), 'second\n')
  assert.equal(token?.(), 'second')
})

test('what is missing or not supported is named', () => {
  const path = write('plain', '{ token: t }')
  assert.throws(() => loadKubeconfig(path, 'other'), /there is no context named "other"/)
  assert.throws(() => loadKubeconfig(path, 'broken'), /there is no user named "nobody"/)
  assert.throws(() => loadKubeconfig(write('exec', '{ exec: { command: aws } }')), /credential plugin/)
})
