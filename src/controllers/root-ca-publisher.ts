import type { ConfigMap } from '../api/types/core/v1.ts'
import { configMaps, namespaces } from '../api/types/resources.ts'
import { isStatus } from '../machinery/status.ts'
import { type Controller, watch } from './controller.ts'
import { isNamespaceTerminating } from './pod-control.ts'

const configMapName = 'kube-root-ca.crt'
const descriptionAnnotation = 'kubernetes.io/description'
const description =
  'Contains a CA bundle that can be used to verify the kube-apiserver when using internal endpoints such as the internal service IP or kubernetes.default.svc. No other usage is guaranteed across distributions of Kubernetes clusters.'

/** Puts the cluster's authority into each namespace. After pkg/controller/certificates/rootcacertpublisher. */
export const rootCaPublisher: Controller = {
  name: 'root-ca-certificate-publisher-controller',
  serviceAccount: 'root-ca-cert-publisher',
  create: ({ client, informers, settings }) => {
    const all = informers.informerFor(namespaces)
    const published = informers.informerFor(configMaps, { fieldSelector: `metadata.name=${configMapName}` })
    const data = { 'ca.crt': settings.certificateAuthority }
    return {
      watches: [
        watch(all, ({ object, type }) =>
          type !== 'deleted' && object.status?.phase === 'Active' ? [object.metadata.name] : [],
        ),
        watch(published, ({ object, type }) => (type === 'added' ? [] : [object.metadata.namespace ?? ''])),
      ],
      async reconcile(namespace) {
        if (all.get(namespace)?.status?.phase !== 'Active') return undefined
        const current = published.get(`${namespace}/${configMapName}`)
        if (current && isPublished(current, data)) return undefined
        const annotations = { ...current?.metadata.annotations, [descriptionAnnotation]: description }
        const metadata = {
          ...(current?.metadata as ConfigMap['metadata']),
          name: configMapName,
          namespace,
          annotations,
        }
        try {
          const object: ConfigMap = { metadata, data }
          await (current ? client.of(configMaps).update(object) : client.of(configMaps).create(object))
        } catch (error) {
          // The event of what is there already brings the key back.
          if (!isStatus(error, 'NotFound', 'AlreadyExists') && !isNamespaceTerminating(error)) throw error
        }
        return undefined
      },
    }
  },
}

function isPublished(
  {
    data,
    metadata,
  }: { data?: Readonly<Record<string, string>>; metadata: { annotations?: Readonly<Record<string, string>> } },
  wanted: Readonly<Record<string, string>>,
): boolean {
  return JSON.stringify(data) === JSON.stringify(wanted) && Boolean(metadata.annotations?.[descriptionAnnotation])
}
