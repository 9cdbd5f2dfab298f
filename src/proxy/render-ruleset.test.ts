import { test } from 'node:test'
import { assertGolden } from '../../test/support/golden.ts'
import { buildService, buildSlice } from '../../test/support/services.ts'
import { wholeTable } from '../platform/nftables/ruleset.ts'
import { serviceTable } from './proxy.ts'
import { renderRuleset } from './render-ruleset.ts'
import { type ServiceObject, serviceView } from './service-view.ts'

const here = { nodeName: 'here', conditions: { ready: true } }
const http = { name: 'http', protocol: 'TCP', port: 80, nodePort: 30_080 }
const cases: { name: string; service: ServiceObject; endpoints?: Parameters<typeof buildSlice>[1] }[] = [
  { name: 'no-endpoints', service: buildService('web', { type: 'NodePort', ports: [http] }), endpoints: [] },
  {
    name: 'cluster-ip',
    service: buildService('web'),
    endpoints: ['10.244.1.2', '10.244.1.3', { addresses: ['10.244.0.2'], ...here }],
  },
  { name: 'session-affinity', service: buildService('web', { sessionAffinity: 'ClientIP' }) },
  { name: 'node-port', service: buildService('web', { type: 'NodePort', ports: [http] }) },
  {
    name: 'external-policy-local',
    service: buildService('web', { type: 'NodePort', ports: [http], externalTrafficPolicy: 'Local' }),
    endpoints: ['10.244.1.2', { addresses: ['10.244.0.2'], ...here }],
  },
  {
    name: 'external-policy-local-elsewhere',
    service: buildService('web', { type: 'NodePort', ports: [http], externalTrafficPolicy: 'Local' }),
  },
  { name: 'internal-policy-local-elsewhere', service: buildService('web', { internalTrafficPolicy: 'Local' }) },
  {
    name: 'load-balancer',
    service: buildService('web', {
      type: 'LoadBalancer',
      ports: [http],
      externalIPs: ['198.51.100.7'],
      loadBalancerSourceRanges: ['203.0.113.0/24', '192.168.0.0/16'],
      ingress: [{ ip: '192.0.2.1' }],
    }),
  },
]

for (const { name, service, endpoints = ['10.244.1.2'] } of cases) {
  test(`rules of a Service: ${name}`, () => {
    const endpointSlices = [buildSlice('web', endpoints)]
    const ports = serviceView({ services: [service], endpointSlices, nodeName: 'here', zone: undefined })
    const ruleset = renderRuleset(ports, {
      clusterCidr: '10.244.0.0/16',
      serviceCidrs: ['10.96.0.0/12'],
      nodeAddress: '192.168.1.5',
    })
    assertGolden(`proxy/${name}.nft`, `${wholeTable(serviceTable, ruleset)}\n`)
  })
}
