import { define } from '../define.ts'
import { ageColumn, listWithMore, nameColumn, text } from '../printing.ts'
import type { EndpointSlice } from '../types/discovery/v1.ts'
import { endpointSlices } from '../types/resources.ts'
import { validateEndpointSlice, validateEndpointSliceUpdate } from '../validation/simple.ts'

const shown = 3

function applyDefaults({ ports }: EndpointSlice): void {
  for (const port of ports ?? []) {
    port.name ??= ''
    port.protocol ??= 'TCP'
  }
}

export const endpointSlice = define(endpointSlices, {
  validate: validateEndpointSlice,
  validateUpdate: validateEndpointSliceUpdate,
  applyDefaults,
  warnings: ({ addressType }) => (addressType === 'FQDN' ? ['spec.addressType: FQDN endpoints are deprecated'] : []),
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
