import { isDeepStrictEqual } from 'node:util'
import type { DeepReadonly } from '../../machinery/object.ts'
import { define } from '../define.ts'
import { ageColumn, listWithMore, nameColumn, text } from '../printing.ts'
import type { EndpointSlice } from '../types/discovery/v1.ts'
import { endpointSlices } from '../types/resources.ts'
import {
  endpointSliceWarnings,
  validateEndpointSlice,
  validateEndpointSliceUpdate,
} from '../validation/endpoint-slice.ts'
import { subdomainNameErrors } from '../validation/formats.ts'

const shown = 3

function applyDefaults({ ports }: EndpointSlice): void {
  for (const port of ports ?? []) {
    port.name ??= ''
    port.protocol ??= 'TCP'
  }
}

const hostnameLabel = 'kubernetes.io/hostname'

/**
 * The topology can no longer be written. A node that it named before stays known. After endpointslice/strategy.go
 * dropTopologyOnV1.
 */
function dropTopology(draft: EndpointSlice, old?: DeepReadonly<EndpointSlice>): void {
  if (old && isDeepStrictEqual(old.endpoints, draft.endpoints)) return
  const before = new Set(old?.endpoints?.map(({ deprecatedTopology }) => deprecatedTopology?.[hostnameLabel]))
  for (const endpoint of draft.endpoints ?? []) {
    const node = endpoint.deprecatedTopology?.[hostnameLabel]
    if (node && endpoint.nodeName === undefined && before.has(node) && subdomainNameErrors(node).length === 0) {
      endpoint.nodeName = node
    }
    delete endpoint.deprecatedTopology
  }
}

export const endpointSlice = define(endpointSlices, {
  prepareForCreate: (draft) => dropTopology(draft),
  prepareForUpdate: dropTopology,
  validate: (object) => validateEndpointSlice(object),
  validateUpdate: validateEndpointSliceUpdate,
  applyDefaults,
  metadataChecksOnUpdate: ['whole', 'own'],
  warnings: endpointSliceWarnings,
  generationFields: ['addressType', 'endpoints', 'ports', 'metadata.labels'],
  columns: [
    nameColumn,
    text('AddressType', (object) => object.addressType ?? ''),
    text('Ports', ({ ports }) =>
      listWithMore(
        (ports ?? []).map(({ port, name }) => String(port ?? name ?? '*')),
        shown,
        '<unset>',
      ),
    ),
    text('Endpoints', ({ endpoints }) =>
      listWithMore(
        (endpoints ?? []).flatMap(({ addresses }) => addresses ?? []),
        shown,
        '<unset>',
      ),
    ),
    ageColumn,
  ],
})
