import { goBoolean, goList, goNumber, goPointer, goString, goStruct, goValue } from '../go-json.ts'

/** The internal types that errors quote. After pkg/apis/flowcontrol/types.go v1.36. */

const named = goStruct([['Name', 'name', goString]])

const subjects = goList(
  goStruct([
    ['Kind', 'kind', goString],
    ['User', 'user', goPointer(named)],
    ['Group', 'group', goPointer(named)],
    [
      'ServiceAccount',
      'serviceAccount',
      goPointer(
        goStruct([
          ['Namespace', 'namespace', goString],
          ['Name', 'name', goString],
        ]),
      ),
    ],
  ]),
)

const resourceRules = goList(
  goStruct([
    ['Verbs', 'verbs', goList()],
    ['APIGroups', 'apiGroups', goList()],
    ['Resources', 'resources', goList()],
    ['ClusterScope', 'clusterScope', goBoolean],
    ['Namespaces', 'namespaces', goList()],
  ]),
)

const nonResourceRules = goList(
  goStruct([
    ['Verbs', 'verbs', goList()],
    ['NonResourceURLs', 'nonResourceURLs', goList()],
  ]),
)

export const goFlowSchemaSpec = goStruct([
  ['PriorityLevelConfiguration', 'priorityLevelConfiguration', named],
  ['MatchingPrecedence', 'matchingPrecedence', goNumber],
  ['DistinguisherMethod', 'distinguisherMethod', goPointer(goStruct([['Type', 'type', goString]]))],
  [
    'Rules',
    'rules',
    goList(
      goStruct([
        ['Subjects', 'subjects', subjects],
        ['ResourceRules', 'resourceRules', resourceRules],
        ['NonResourceRules', 'nonResourceRules', nonResourceRules],
      ]),
    ),
  ],
])

const queuing = goPointer(
  goStruct([
    ['Queues', 'queues', goNumber],
    ['HandSize', 'handSize', goNumber],
    ['QueueLengthLimit', 'queueLengthLimit', goNumber],
  ]),
)

export const goPriorityLevelSpec = goStruct([
  ['Type', 'type', goString],
  [
    'Limited',
    'limited',
    goPointer(
      goStruct([
        ['NominalConcurrencyShares', 'nominalConcurrencyShares', goNumber],
        [
          'LimitResponse',
          'limitResponse',
          goStruct([
            ['Type', 'type', goString],
            ['Queuing', 'queuing', queuing],
          ]),
        ],
        ['LendablePercent', 'lendablePercent', goValue],
        ['BorrowingLimitPercent', 'borrowingLimitPercent', goValue],
      ]),
    ),
  ],
  [
    'Exempt',
    'exempt',
    goPointer(
      goStruct([
        ['NominalConcurrencyShares', 'nominalConcurrencyShares', goValue],
        ['LendablePercent', 'lendablePercent', goValue],
      ]),
    ),
  ],
])
