import { goList, goNumber, goPointer, goString, goStruct, goValue } from '../go-json.ts'

/** The internal types of claims, which errors quote. After pkg/apis/resource/types.go v1.36. */

const opaque = goPointer(
  goStruct([
    ['Driver', 'driver', goString],
    ['Parameters', 'parameters', goValue],
  ]),
)

const selectors = goList(goStruct([['CEL', 'cel', goPointer(goStruct([['Expression', 'expression', goString]]))]]))

const tolerations = goList(
  goStruct([
    ['Key', 'key', goString],
    ['Operator', 'operator', goString],
    ['Value', 'value', goString],
    ['Effect', 'effect', goString],
    ['TolerationSeconds', 'tolerationSeconds', goValue],
  ]),
)

const capacity = goPointer(goStruct([['Requests', 'requests', goValue]]))

const exactRequest = goPointer(
  goStruct([
    ['DeviceClassName', 'deviceClassName', goString],
    ['Selectors', 'selectors', selectors],
    ['AllocationMode', 'allocationMode', goString],
    ['Count', 'count', goNumber],
    ['AdminAccess', 'adminAccess', goValue],
    ['Tolerations', 'tolerations', tolerations],
    ['Capacity', 'capacity', capacity],
  ]),
)

const subRequests = goList(
  goStruct([
    ['Name', 'name', goString],
    ['DeviceClassName', 'deviceClassName', goString],
    ['Selectors', 'selectors', selectors],
    ['AllocationMode', 'allocationMode', goString],
    ['Count', 'count', goNumber],
    ['Tolerations', 'tolerations', tolerations],
    ['Capacity', 'capacity', capacity],
  ]),
)

const deviceClaim = goStruct([
  [
    'Requests',
    'requests',
    goList(
      goStruct([
        ['Name', 'name', goString],
        ['Exactly', 'exactly', exactRequest],
        ['FirstAvailable', 'firstAvailable', subRequests],
      ]),
    ),
  ],
  [
    'Constraints',
    'constraints',
    goList(
      goStruct([
        ['Requests', 'requests', goList()],
        ['MatchAttribute', 'matchAttribute', goValue],
        ['DistinctAttribute', 'distinctAttribute', goValue],
      ]),
    ),
  ],
  [
    'Config',
    'config',
    goList(
      goStruct([
        ['Requests', 'requests', goList()],
        ['Opaque', 'opaque', opaque],
      ]),
    ),
  ],
])

export const goResourceClaimSpec = goStruct([['Devices', 'devices', deviceClaim]])

const templateSpec = goStruct([['Spec', 'spec', goResourceClaimSpec]])

/** The metadata is embedded, and written as JSON has it. */
export function goResourceClaimTemplateSpec(value: { readonly metadata?: object } | undefined): unknown {
  return { ...value?.metadata, ...(templateSpec(value) as object) }
}

const allocationResult = goStruct([
  ['Request', 'request', goString],
  ['Driver', 'driver', goString],
  ['Pool', 'pool', goString],
  ['Device', 'device', goString],
  ['AdminAccess', 'adminAccess', goValue],
  ['Tolerations', 'tolerations', tolerations],
  ['BindingConditions', 'bindingConditions', goList()],
  ['BindingFailureConditions', 'bindingFailureConditions', goList()],
  ['ShareID', 'shareID', goValue],
  ['ConsumedCapacity', 'consumedCapacity', goValue],
])

const requirements = goList(
  goStruct([
    ['Key', 'key', goString],
    ['Operator', 'operator', goString],
    ['Values', 'values', goList()],
  ]),
)

const nodeSelector = goPointer(
  goStruct([
    [
      'NodeSelectorTerms',
      'nodeSelectorTerms',
      goList(
        goStruct([
          ['MatchExpressions', 'matchExpressions', requirements],
          ['MatchFields', 'matchFields', requirements],
        ]),
      ),
    ],
  ]),
)

export const goAllocationResult = goStruct([
  [
    'Devices',
    'devices',
    goStruct([
      ['Results', 'results', goList(allocationResult)],
      [
        'Config',
        'config',
        goList(
          goStruct([
            ['Source', 'source', goString],
            ['Requests', 'requests', goList()],
            ['Opaque', 'opaque', opaque],
          ]),
        ),
      ],
    ]),
  ],
  ['NodeSelector', 'nodeSelector', nodeSelector],
  ['AllocationTimestamp', 'allocationTimestamp', goValue],
])

export const goNodeSelectorTerms = goList(
  goStruct([
    ['MatchExpressions', 'matchExpressions', requirements],
    ['MatchFields', 'matchFields', requirements],
  ]),
)

export const goDeviceAttribute = goStruct([
  ['IntValue', 'int', goValue],
  ['BoolValue', 'bool', goValue],
  ['StringValue', 'string', goValue],
  ['VersionValue', 'version', goValue],
  ['IntValues', 'ints', goList()],
  ['BoolValues', 'bools', goList()],
  ['StringValues', 'strings', goList()],
  ['VersionValues', 'versions', goList()],
])
