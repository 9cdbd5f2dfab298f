import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { PodSpec } from '../../../api/types/core/v1.ts'
import type { CheckedPod } from './check.ts'
import { violationDetails, violations } from './evaluate.ts'
import type { LevelVersion } from './policy.ts'

const hardened = {
  allowPrivilegeEscalation: false,
  runAsNonRoot: true,
  capabilities: { drop: ['ALL'] },
  seccompProfile: { type: 'RuntimeDefault' },
}

/** A Pod with one container that passes every level, changed by what the row is about. */
function podOf(spec: Partial<PodSpec>, container: object = {}, annotations: Record<string, string> = {}): CheckedPod {
  const { securityContext, ...rest } = container as { securityContext?: object }
  const containers = [{ name: 'c', image: 'i', ...rest, securityContext: { ...hardened, ...securityContext } }]
  return { metadata: { annotations }, spec: { containers, ...spec } }
}

const restricted: LevelVersion = { level: 'restricted', version: 'latest' }
const baseline: LevelVersion = { level: 'baseline', version: 'latest' }

const rows: { title: string; policy?: LevelVersion; pod: CheckedPod; found: string }[] = [
  { title: 'a hardened Pod', policy: restricted, pod: podOf({}), found: '' },
  {
    title: 'namespaces of the host',
    pod: podOf({ hostNetwork: true, hostIPC: true }),
    found: 'host namespaces (hostNetwork=true, hostIPC=true)',
  },
  {
    title: 'ports of the host',
    pod: podOf(
      {},
      {
        ports: [
          { containerPort: 1, hostPort: 80 },
          { containerPort: 2, hostPort: 443 },
        ],
      },
    ),
    found: 'hostPort (container "c" uses hostPorts 443, 80)',
  },
  {
    title: 'folders of the host',
    pod: podOf({ volumes: [{ name: 'v', hostPath: { path: '/' } }] }),
    found: 'hostPath volumes (volume "v")',
  },
  {
    title: 'volumes that only an administrator may use',
    policy: restricted,
    pod: podOf({
      volumes: [
        { name: 'v', nfs: { server: 's', path: '/' } },
        { name: 'w', emptyDir: {} },
      ],
    }),
    found: 'restricted volume types (volume "v" uses restricted volume type "nfs")',
  },
  {
    title: 'a probe of another host',
    pod: podOf({}, { livenessProbe: { httpGet: { host: '10.0.0.1', port: 80 } } }),
    found: 'probe or lifecycle host (container "c" uses probe or lifecycle host "10.0.0.1")',
  },
  {
    title: 'a probe of another host, before the check was made',
    policy: { level: 'baseline', version: 33 },
    pod: podOf({}, { livenessProbe: { httpGet: { host: '10.0.0.1', port: 80 } } }),
    found: '',
  },
  {
    title: 'a privileged container',
    pod: podOf({}, { securityContext: { privileged: true } }),
    found: 'privileged (container "c" must not set securityContext.privileged=true)',
  },
  {
    title: 'capabilities beyond the usual',
    pod: podOf({}, { securityContext: { capabilities: { add: ['NET_ADMIN', 'CHOWN'] } } }),
    found: 'non-default capabilities (container "c" must not include "NET_ADMIN" in securityContext.capabilities.add)',
  },
  {
    title: 'an unmasked /proc',
    pod: podOf({}, { securityContext: { procMount: 'Unmasked' } }),
    found: 'procMount (container "c" must not set securityContext.procMount to "Unmasked")',
  },
  {
    title: 'an unmasked /proc in a user namespace',
    pod: podOf({ hostUsers: false }, { securityContext: { procMount: 'Unmasked' } }),
    found: '',
  },
  {
    title: 'root by its number',
    policy: restricted,
    pod: podOf({ securityContext: { runAsUser: 0 } }, { securityContext: { runAsUser: 0 } }),
    found: 'runAsUser=0 (pod and container "c" must not set runAsUser=0)',
  },
  {
    title: 'no seccomp profile at all',
    policy: restricted,
    pod: podOf({}, { securityContext: { seccompProfile: undefined } }),
    found:
      'seccompProfile (pod or container "c" must set securityContext.seccompProfile.type to "RuntimeDefault" or "Localhost")',
  },
  {
    title: 'no seccomp profile on Windows',
    policy: restricted,
    pod: podOf({ os: { name: 'windows' } }, { securityContext: { seccompProfile: undefined } }),
    found: '',
  },
  {
    title: 'AppArmor off by field and by annotation',
    pod: podOf(
      { securityContext: { appArmorProfile: { type: 'Unconfined' } } },
      {},
      {
        'container.apparmor.security.beta.kubernetes.io/c': 'unconfined',
      },
    ),
    found:
      'forbidden AppArmor profiles (pod and annotation must not set AppArmor profile type to "Unconfined", ' +
      '"container.apparmor.security.beta.kubernetes.io/c="unconfined"")',
  },
  {
    title: 'an SELinux type, user and role',
    pod: podOf({ securityContext: { seLinuxOptions: { type: 'spc_t', user: 'u', role: 'r' } } }),
    found:
      'seLinuxOptions (pod set forbidden securityContext.seLinuxOptions: type "spc_t"; user may not be set; role may not be set)',
  },
  {
    title: 'a sysctl that is not safe',
    pod: podOf({ securityContext: { sysctls: [{ name: 'kernel.msgmax', value: '1' }] } }),
    found: 'forbidden sysctls (kernel.msgmax)',
  },
  {
    title: 'a sysctl before it was safe',
    policy: { level: 'baseline', version: 28 },
    pod: podOf({ securityContext: { sysctls: [{ name: 'net.ipv4.tcp_fin_timeout', value: '1' }] } }),
    found: 'forbidden sysctls (net.ipv4.tcp_fin_timeout)',
  },
  {
    title: 'a host process',
    pod: podOf({}, { securityContext: { windowsOptions: { hostProcess: true } } }),
    found: 'hostProcess (container "c" must not set securityContext.windowsOptions.hostProcess=true)',
  },
  { title: 'anything', policy: { level: 'privileged', version: 'latest' }, pod: podOf({ hostPID: true }), found: '' },
]

for (const { title, policy = baseline, pod, found } of rows) {
  test(`${policy.level} finds in ${title}: ${found || 'nothing'}`, () => {
    assert.equal(violationDetails(violations(policy, pod)), found)
  })
}
