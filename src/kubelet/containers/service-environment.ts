import type { Service, ServicePort } from '../../api/types/core/v1.ts'
import type { DeepReadonly } from '../../machinery/object.ts'

/** The variables that tell a container of the Services. After kubelet v1.36 envvars/envvars.go FromServices. */
export function serviceEnvironment(services: readonly DeepReadonly<Service>[]): Map<string, string> {
  const variables = new Map<string, string>()
  for (const service of services) {
    const { clusterIP, ports = [] } = service.spec ?? {}
    const [first] = ports
    if (!clusterIP || clusterIP === 'None' || !first) continue
    const name = variableName(service.metadata?.name ?? '')
    variables.set(`${name}_SERVICE_HOST`, clusterIP)
    variables.set(`${name}_SERVICE_PORT`, String(first.port))
    for (const port of ports) {
      if (port.name) variables.set(`${name}_SERVICE_PORT_${variableName(port.name)}`, String(port.port))
    }
    for (const port of ports) addLink(variables, { name, clusterIP, port, isFirst: port === first })
  }
  return variables
}

/** The form of Docker's container links. */
function addLink(
  variables: Map<string, string>,
  link: { name: string; clusterIP: string; port: DeepReadonly<ServicePort>; isFirst: boolean },
): void {
  const { name, clusterIP, port, isFirst } = link
  const protocol = port.protocol ?? 'TCP'
  const host = clusterIP.includes(':') ? `[${clusterIP}]` : clusterIP
  const url = `${protocol.toLowerCase()}://${host}:${port.port}`
  const prefix = `${name}_PORT_${port.port}_${protocol}`
  if (isFirst) variables.set(`${name}_PORT`, url)
  variables.set(prefix, url)
  variables.set(`${prefix}_PROTO`, protocol.toLowerCase())
  variables.set(`${prefix}_PORT`, String(port.port))
  variables.set(`${prefix}_ADDR`, clusterIP)
}

const variableName = (name: string) => name.replaceAll('-', '_').toUpperCase()
