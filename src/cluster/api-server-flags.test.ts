import assert from 'node:assert/strict'
import { generateKeyPairSync } from 'node:crypto'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, test } from 'node:test'
import { systemClock } from '../platform/clock.ts'
import type { ApiServerFlags } from './api-server-flags.ts'
import { type ApiServerSettings, apiServerSettings } from './api-server-settings.ts'
import { CertificateAuthority } from './certificates.ts'
import { resolveOptions } from './options.ts'
import { OptionError } from './usage-error.ts'

describe('a flag is read', () => {
  const rows: { title: string; given: Record<string, unknown>; want: ApiServerFlags }[] = [
    {
      title: 'as a list, of commas and of several flags',
      given: { enableAdmissionPlugins: ['AlwaysPullImages,EventRateLimit', 'PodNodeSelector'] },
      want: { enableAdmissionPlugins: ['AlwaysPullImages', 'EventRateLimit', 'PodNodeSelector'] },
    },
    {
      title: 'as texts that may hold commas',
      given: { 'service-account-issuer': ['https://a,b', 'https://c'] },
      want: { serviceAccountIssuer: ['https://a,b', 'https://c'] },
    },
    {
      title: 'as pairs',
      given: { oidcRequiredClaim: ['hd=example.com', 'a=b=c,d='], oidcIssuerUrl: 'https://i', oidcClientId: 'c' },
      want: { oidcRequiredClaim: { hd: 'example.com', a: 'b=c', d: '' } },
    },
    {
      title: 'as pairs of YAML',
      given: { oidcRequiredClaim: { hd: 'example.com' }, oidcIssuerUrl: 'https://i', oidcClientId: 'c' },
      want: { oidcRequiredClaim: { hd: 'example.com' } },
    },
    { title: 'as a duration', given: { requestTimeout: '1m30s' }, want: { requestTimeout: 90_000 } },
    { title: 'as a number', given: { 'audit-log-maxage': '7', ...audited() }, want: { auditLogMaxage: 7 } },
    { title: 'as a switch', given: { anonymousAuth: true }, want: { anonymousAuth: true } },
    { title: 'as a switch turned off', given: { anonymousAuth: 'F' }, want: { anonymousAuth: false } },
  ]
  for (const { title, given, want } of rows) {
    test(title, () => {
      const options = resolveOptions(given)
      for (const [name, value] of Object.entries(want)) assert.deepEqual(options[name as keyof ApiServerFlags], value)
    })
  }
})

function audited(): object {
  return { auditPolicyFile: '/p', auditLogPath: '-' }
}

describe('one sentence says that', () => {
  const rows: { title: string; given: Record<string, unknown>; says: string }[] = [
    {
      title: 'a mode is unknown',
      given: { authorizationMode: 'RBAC,Nope' },
      says: 'authorization-mode "Nope" is not a valid mode',
    },
    {
      title: 'a mode is given twice',
      given: { authorizationMode: ['RBAC', 'RBAC'] },
      says: 'authorization-mode ["RBAC","RBAC"] has mode specified more than once',
    },
    {
      title: 'the webhook mode has no webhook',
      given: { authorizationMode: 'Webhook' },
      says: "authorization-mode Webhook's authorization config file not passed",
    },
    {
      title: 'a webhook has no mode',
      given: { authorizationWebhookConfigFile: '/x' },
      says: 'cannot specify --authorization-webhook-config-file without mode Webhook',
    },
    {
      title: 'authorization is said twice',
      given: { authorizationConfig: '/x', authorizationMode: 'RBAC' },
      says: '--authorization-config can not be specified when --authorization-mode or --authorization-webhook-* flags are defined',
    },
    {
      title: 'half an issuer is said',
      given: { oidcClientId: 'x' },
      says: 'oidc-issuer-url and oidc-client-id must be specified together when any oidc-* flags are set',
    },
    {
      title: 'issuers are said twice',
      given: { oidcIssuerUrl: 'https://i', oidcClientId: 'x', authenticationConfig: '/x' },
      says: 'authentication-config file and oidc-* flags are mutually exclusive',
    },
    {
      title: 'nothing says what to record',
      given: { auditLogPath: '/x' },
      says: '--audit-log-* and --audit-webhook-* need --audit-policy-file: without a policy nothing is recorded',
    },
    {
      title: 'headers are believed of nobody',
      given: { requestheaderUsernameHeaders: 'X-Remote-User' },
      says: '--requestheader-* flags need --requestheader-client-ca-file, which says whose headers are believed',
    },
    {
      title: 'a switch is neither on nor off',
      given: { anonymousAuth: 'maybe' },
      says: 'anonymousAuth must be true or false, not "maybe"',
    },
    {
      title: 'a duration has no unit',
      given: { requestTimeout: '90' },
      says: 'requestTimeout must be a duration such as 30s or 5m, not "90"',
    },
    {
      title: 'a version is unknown',
      given: { 'authentication-token-webhook-version': 'v2' },
      says: 'authentication-token-webhook-version must be one of v1, v1beta1, not "v2"',
    },
  ]
  for (const { title, given, says } of rows) {
    test(title, () => {
      assert.throws(
        () => resolveOptions(given),
        (error) => error instanceof OptionError && error.exitCode === 2 && error.message === says,
      )
    })
  }
})

describe('the settings of the API server', () => {
  let folder: string
  before(() => {
    folder = mkdtempSync(join(tmpdir(), 'kubets-flags-'))
  })
  after(() => rmSync(folder, { recursive: true, force: true }))

  const file = (name: string, text: string): string => {
    const path = join(folder, name)
    writeFileSync(path, text)
    return path
  }
  const defaults = {
    issuer: 'https://own',
    serviceAccountKey: { privateKey: 'KEY' },
    certificateAuthority: '',
    frontProxyAuthority: 'OWN',
  }
  const settings = (flags: ApiServerFlags): ApiServerSettings => apiServerSettings(flags, defaults)

  test('are Node and RBAC, and the own issuer, where nothing is said', () => {
    assert.deepEqual(settings({}), {
      authentication: {},
      authorization: { authorizers: [{ type: 'Node' }, { type: 'RBAC' }] },
      serviceAccounts: { issuer: 'https://own', otherIssuers: [], key: { privateKey: 'KEY' }, otherKeys: [] },
      requestHeader: {
        certificateAuthority: 'OWN',
        allowedNames: ['front-proxy-client'],
        usernameHeaders: ['X-Remote-User'],
        uidHeaders: [],
        groupHeaders: ['X-Remote-Group'],
        extraHeaderPrefixes: ['X-Remote-Extra-'],
      },
      maxInFlight: { reading: 400, mutating: 200 },
    })
  })

  test('let nobody in unnamed where everything is allowed', () => {
    assert.equal(settings({ authorizationMode: ['AlwaysAllow'] }).authentication.anonymous, false)
  })

  test('sign by the first issuer, and believe all', () => {
    const { publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
    const keys = file('keys.pem', String(publicKey.export({ type: 'spki', format: 'pem' })).repeat(2))
    const { serviceAccounts } = settings({
      serviceAccountIssuer: ['https://new', 'https://old'],
      serviceAccountKeyFile: [keys],
      serviceAccountMaxTokenExpiration: 7_200_000,
    })
    assert.equal(serviceAccounts.issuer, 'https://new')
    assert.deepEqual(serviceAccounts.otherIssuers, ['https://old'])
    assert.equal(serviceAccounts.otherKeys?.length, 2)
    assert.equal(serviceAccounts.maxTokenExpirationSeconds, 7200)
  })

  test('believe another proxy beside the own', async () => {
    const theirs = (await CertificateAuthority.create('proxies', systemClock)).pair.certificate
    const { requestHeader } = settings({
      requestheaderClientCaFile: file('proxy.pem', theirs),
      requestheaderAllowedNames: ['gate'],
      requestheaderUidHeaders: ['X-Remote-Uid'],
    })
    assert.equal(requestHeader?.certificateAuthority, `OWN\n${theirs}`)
    assert.deepEqual(requestHeader?.allowedNames, ['front-proxy-client', 'gate'])
    assert.deepEqual(requestHeader?.uidHeaders, ['X-Remote-Uid'])
  })

  test('refuse to believe the headers of every client', async () => {
    const clients = (await CertificateAuthority.create('clients', systemClock)).pair.certificate
    const requestheaderClientCaFile = file('same.pem', clients)
    const own = { ...defaults, certificateAuthority: clients }
    assert.throws(() => apiServerSettings({ requestheaderClientCaFile }, own), /contain overlapping certificates/)
    assert.throws(
      () => settings({ requestheaderClientCaFile, clientCaFile: requestheaderClientCaFile }),
      /contain overlapping certificates/,
    )
    assert.ok(apiServerSettings({ requestheaderClientCaFile, requestheaderAllowedNames: ['gate'] }, own))
  })

  test('tell admission plugins what their file says', () => {
    file('limits.yaml', 'limits: [{ type: Server, qps: 5, burst: 10 }]')
    const path = file(
      'admission.yaml',
      `apiVersion: apiserver.config.k8s.io/v1
kind: AdmissionConfiguration
plugins:
  - name: EventRateLimit
    path: limits.yaml
  - name: PodNodeSelector
    configuration: { podNodeSelectorPluginConfig: { clusterDefaultNodeSelector: "a=b" } }
`,
    )
    assert.deepEqual(settings({ admissionControlConfigFile: path }).admissionConfiguration, {
      EventRateLimit: { limits: [{ type: 'Server', qps: 5, burst: 10 }] },
      PodNodeSelector: { clusterDefaultNodeSelector: 'a=b' },
    })
  })

  const mistakes: { title: string; flags: () => ApiServerFlags; says: RegExp }[] = [
    {
      title: 'a file is not there',
      flags: () => ({ tokenAuthFile: '/none' }),
      says: /^cannot read --token-auth-file \/none: ENOENT/,
    },
    {
      title: 'a policy is none',
      flags: () => ({ auditPolicyFile: file('policy.yaml', 'kind: Policy'), auditLogPath: '-' }),
      says: /^cannot use --audit-policy-file .*: unknown group version field/,
    },
    {
      title: 'an authority is none',
      flags: () => ({ clientCaFile: file('none.pem', 'none') }),
      says: /^cannot use --client-ca-file .*: data does not contain any valid RSA or ECDSA certificates$/,
    },
    {
      title: 'a line of tokens is too short',
      flags: () => ({ tokenAuthFile: file('short.csv', 'token,user') }),
      says: /^cannot use --token-auth-file .*: token file line 1 must have at least 3 columns/,
    },
    {
      title: 'a key is none',
      flags: () => ({ serviceAccountKeyFile: [file('none.key', 'none')] }),
      says: /^cannot use --service-account-key-file .*: data does not contain any valid RSA or ECDSA public keys$/,
    },
    {
      title: 'a plugin takes no configuration',
      flags: () => ({
        admissionControlConfigFile: file(
          'wrong.yaml',
          'apiVersion: apiserver.config.k8s.io/v1\nkind: AdmissionConfiguration\nplugins: [{ name: LimitRanger }]',
        ),
      }),
      says: /plugins\[0\]\.name: the admission plugin "LimitRanger" takes no configuration$/,
    },
  ]
  for (const { title, flags, says } of mistakes) {
    test(`refuse in one sentence that ${title}`, () => {
      assert.throws(
        () => settings(flags()),
        (error) => error instanceof OptionError && says.test(error.message),
      )
    })
  }
})
