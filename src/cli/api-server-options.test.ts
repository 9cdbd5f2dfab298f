import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { Command } from 'commander'
import { resolveOptions } from '../cluster/options.ts'
import { apiServerHelp, apiServerOptions } from './api-server-options.ts'

function parsed(...args: string[]): Record<string, unknown> {
  const command = new Command('up').exitOverride()
  for (const option of apiServerOptions()) command.addOption(option)
  return command.parse(args, { from: 'user' }).opts()
}

test('the command line takes flags as kube-apiserver does', () => {
  const options = resolveOptions(
    parsed(
      '--anonymous-auth=false',
      '--enable-priority-and-fairness',
      '--enable-admission-plugins=AlwaysPullImages,EventRateLimit',
      '--enable-admission-plugins=PodNodeSelector',
      '--service-account-issuer',
      'https://a',
      '--service-account-issuer=https://b',
      '--max-requests-inflight=10',
      '--request-timeout=30s',
    ),
  )
  assert.equal(options.anonymousAuth, false)
  assert.equal(options.enablePriorityAndFairness, true)
  assert.deepEqual(options.enableAdmissionPlugins, ['AlwaysPullImages', 'EventRateLimit', 'PodNodeSelector'])
  assert.deepEqual(options.serviceAccountIssuer, ['https://a', 'https://b'])
  assert.equal(options.maxRequestsInflight, 10)
  assert.equal(options.requestTimeout, 30_000)
})

test('help names them under one heading', () => {
  assert.match(apiServerHelp(), /^\nAPI server .*:\n/)
  assert.match(apiServerHelp(), / --audit-policy-file /)
  assert.match(apiServerHelp(), / --requestheader-extra-headers-prefix\b/)
})

const main = fileURLToPath(new URL('main.ts', import.meta.url))

const mistakes = [
  {
    title: 'a value that makes no sense',
    args: ['--authorization-mode=Nope'],
    says: 'kubets: authorization-mode "Nope" is not a valid mode\n',
  },
  { title: 'an unknown flag', args: ['--audit-log-pathh=x'], says: /^kubets: unknown option '--audit-log-pathh=x'\n/ },
]
for (const { title, args, says } of mistakes) {
  test(`${title} ends with one sentence and code 2`, async () => {
    const { code, stderr } = await run('up', '--nodes', '0', ...args)
    assert.equal(code, 2)
    if (typeof says === 'string') assert.equal(stderr, says)
    else assert.match(stderr, says)
  })
}

function run(...args: string[]): Promise<{ code: number | string | null; stderr: string }> {
  return new Promise((resolve) => {
    execFile(process.execPath, [main, ...args], (error, _stdout, stderr) => {
      resolve({ code: error?.code ?? 0, stderr })
    })
  })
}
