import type { ConnectOptions } from './connect-dependencies.ts'
import { logHandler } from './connect-log.ts'
import { nodeProxyHandler, podProxyHandler, serviceProxyHandler } from './connect-proxy.ts'
import { attachHandler, execHandler, portForwardHandler } from './connect-stream.ts'
import type { SubresourceHandler } from './handler.ts'

/** The subresources that lead to a kubelet, a Pod or a Service, by `resource/subresource`. */
export function connectHandlers(options: ConnectOptions): Record<string, SubresourceHandler> {
  return {
    'pods/log': logHandler(options),
    'pods/exec': execHandler(options),
    'pods/attach': attachHandler(options),
    'pods/portforward': portForwardHandler(options),
    'pods/proxy': podProxyHandler(options),
    'services/proxy': serviceProxyHandler(options),
    'nodes/proxy': nodeProxyHandler(options),
  }
}
