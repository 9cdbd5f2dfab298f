import { test } from 'node:test'
import { assertGolden } from '../../test/support/golden.ts'
import type { Pod } from '../api/types/core/v1.ts'
import { wholeTable } from '../platform/nftables/ruleset.ts'
import { networkTable, renderHostRules } from './host-rules.ts'

const pod = (name: string, podIP: string, ports: object[], more: { spec?: object; status?: object } = {}): Pod => ({
  metadata: { name, namespace: 'default' },
  spec: { containers: [{ name: 'c', ports: ports as never }], ...more.spec },
  status: { phase: 'Running', podIP, ...more.status },
})

test('host rules: masquerading, host ports of every kind, a silent DNS port', () => {
  const pods = [
    pod('everywhere', '10.244.1.2', [{ hostPort: 8080, containerPort: 80 }]),
    pod('one-address', '10.244.1.3', [{ hostIP: '192.168.1.5', hostPort: 8080, containerPort: 81, protocol: 'TCP' }]),
    pod('udp', '10.244.1.4', [{ hostPort: 5353, containerPort: 53, protocol: 'UDP' }]),
    pod('all-addresses', '10.244.1.5', [{ hostIP: '0.0.0.0', hostPort: 9090, containerPort: 90 }]),
    pod('no-host-port', '10.244.1.6', [{ containerPort: 80 }]),
    pod('host-network', '192.168.1.5', [{ hostPort: 7000, containerPort: 7000 }], { spec: { hostNetwork: true } }),
    pod('ended', '10.244.1.7', [{ hostPort: 7001, containerPort: 80 }], { status: { phase: 'Succeeded' } }),
    pod('without-address', '', [{ hostPort: 7002, containerPort: 80 }]),
  ]
  const options = { podCidr: '10.244.1.0/24', clusterCidr: '10.244.0.0/16', dnsPort: 10_053 }
  assertGolden('network/host-rules.nft', `${wholeTable(networkTable, renderHostRules(pods, options))}\n`)
})
