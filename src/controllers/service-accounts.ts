import { namespaces, serviceAccounts } from '../api/types/resources.ts'
import { isStatus } from '../machinery/status.ts'
import { type Controller, watch } from './controller.ts'
import { isNamespaceTerminating } from './pod-control.ts'

const defaultName = 'default'

/** Gives each namespace its ServiceAccount `default`. After pkg/controller/serviceaccount. */
export const serviceAccount: Controller = {
  name: 'service-account-controller',
  serviceAccount: 'service-account-controller',
  create: ({ client, informers }) => {
    const all = informers.informerFor(namespaces)
    const accounts = informers.informerFor(serviceAccounts)
    return {
      watches: [
        watch(all, ({ object }) => [object.metadata.name]),
        watch(accounts, ({ object: { metadata }, type }) =>
          type === 'deleted' && metadata.name === defaultName ? [metadata.namespace ?? ''] : [],
        ),
      ],
      async reconcile(namespace) {
        if (all.get(namespace)?.status?.phase !== 'Active') return undefined
        if (accounts.get(`${namespace}/${defaultName}`)) return undefined
        try {
          await client.of(serviceAccounts).create({ metadata: { name: defaultName, namespace } })
        } catch (error) {
          if (!isStatus(error, 'AlreadyExists', 'NotFound') && !isNamespaceTerminating(error)) throw error
        }
        return undefined
      },
    }
  },
}
