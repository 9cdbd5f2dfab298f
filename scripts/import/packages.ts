/** The upstream packages kubets serves, where their facts stand, and which table each becomes. */
export interface UpstreamPackage {
  /** The table: `<label>/<version>`, as in `src/api/schema/<label>/<version>.ts`. */
  readonly table: string
  readonly group: string
  readonly version: string
  /** Prefix of the definition names in OpenAPI. */
  readonly openapi: string
  /** Prefix of the message names in protobuf-fields.json. */
  readonly proto: string
  /** Folder of the Go structs below `staging/src/k8s.io`. */
  readonly go: string
  /** The OpenAPI v3 document that has the types. */
  readonly document: string
  /** Types that OpenAPI does not list; taken from protobuf and Go. `*`: every message. */
  readonly protoOnly?: readonly string[]
}

/** Upstream's groups in the order of the design's discovery, each with the served versions. */
const apiGroups: readonly (readonly [group: string, ...versions: string[]])[] = [
  ['admissionregistration.k8s.io', 'v1'],
  ['apps', 'v1'],
  ['authentication.k8s.io', 'v1'],
  ['authorization.k8s.io', 'v1'],
  ['autoscaling', 'v1', 'v2'],
  ['batch', 'v1'],
  ['certificates.k8s.io', 'v1'],
  ['coordination.k8s.io', 'v1'],
  ['discovery.k8s.io', 'v1'],
  ['events.k8s.io', 'v1'],
  ['flowcontrol.apiserver.k8s.io', 'v1'],
  ['networking.k8s.io', 'v1'],
  ['node.k8s.io', 'v1'],
  ['policy', 'v1'],
  ['rbac.authorization.k8s.io', 'v1'],
  ['resource.k8s.io', 'v1'],
  ['scheduling.k8s.io', 'v1'],
  ['storage.k8s.io', 'v1'],
]

function apiPackage(group: string, version: string, extra: Partial<UpstreamPackage> = {}): UpstreamPackage {
  const label = group.split('.')[0]!
  return {
    table: `${label}/${version}`,
    group,
    version,
    openapi: `io.k8s.api.${label}.${version}`,
    proto: `k8s.io.api.${label}.${version}`,
    go: `api/${label}/${version}`,
    document: `apis__${group}__${version}_openapi.json`,
    ...extra,
  }
}

export const packages: readonly UpstreamPackage[] = [
  {
    table: 'meta/v1',
    group: '',
    version: 'v1',
    openapi: 'io.k8s.apimachinery.pkg.apis.meta.v1',
    proto: 'k8s.io.apimachinery.pkg.apis.meta.v1',
    go: 'apimachinery/pkg/apis/meta/v1',
    document: 'api__v1_openapi.json',
    protoOnly: [
      'ApplyOptions',
      'CreateOptions',
      'GetOptions',
      'GroupVersionKind',
      'GroupVersionResource',
      'ListOptions',
      'PartialObjectMetadata',
      'PartialObjectMetadataList',
      'PatchOptions',
      'UpdateOptions',
    ],
  },
  {
    ...apiPackage('', 'v1'),
    table: 'core/v1',
    openapi: 'io.k8s.api.core.v1',
    proto: 'k8s.io.api.core.v1',
    go: 'api/core/v1',
    document: 'api__v1_openapi.json',
    protoOnly: [
      'NodeProxyOptions',
      'PodAttachOptions',
      'PodExecOptions',
      'PodLogOptions',
      'PodPortForwardOptions',
      'PodProxyOptions',
      'ServiceProxyOptions',
    ],
  },
  ...apiGroups.flatMap(([group, ...versions]) => versions.map((version) => apiPackage(group, version))),
  apiPackage('admission.k8s.io', 'v1', { protoOnly: ['*'] }),
  apiPackage('apidiscovery.k8s.io', 'v2', { protoOnly: ['*'] }),
  {
    ...apiPackage('apiextensions.k8s.io', 'v1'),
    openapi: 'io.k8s.apiextensions-apiserver.pkg.apis.apiextensions.v1',
    proto: 'k8s.io.apiextensions_apiserver.pkg.apis.apiextensions.v1',
    go: 'apiextensions-apiserver/pkg/apis/apiextensions/v1',
  },
  {
    ...apiPackage('apiregistration.k8s.io', 'v1'),
    openapi: 'io.k8s.kube-aggregator.pkg.apis.apiregistration.v1',
    proto: 'k8s.io.kube_aggregator.pkg.apis.apiregistration.v1',
    go: 'kube-aggregator/pkg/apis/apiregistration/v1',
  },
]
