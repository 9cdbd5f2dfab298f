import {
  boolType,
  type CelField,
  type CelType,
  dynType,
  intType,
  listType,
  mapType,
  objectType,
  stringType,
  timestampType,
} from '../../machinery/cel/types.ts'

/** The types of what admission expressions can ask. After apiserver admission/plugin/cel/compile.go v1.36. */

const strings = listType(stringType)
const stringMap = mapType(stringType, stringType)

const groupVersionKind = objectType('kubernetes.GroupVersionKind', {
  group: stringType,
  version: stringType,
  kind: stringType,
})

const groupVersionResource = objectType('kubernetes.GroupVersionResource', {
  group: stringType,
  version: stringType,
  resource: stringType,
})

const userInfo = objectType('kubernetes.UserInfo', {
  username: stringType,
  uid: stringType,
  groups: strings,
  extra: mapType(stringType, strings),
})

/** Without uid, object and oldObject of an AdmissionRequest: the objects are variables of their own. */
export const requestType = objectType('kubernetes.AdmissionRequest', {
  kind: groupVersionKind,
  resource: groupVersionResource,
  subResource: stringType,
  requestKind: groupVersionKind,
  requestResource: groupVersionResource,
  requestSubResource: stringType,
  name: stringType,
  namespace: stringType,
  operation: stringType,
  userInfo,
  dryRun: boolType,
  options: dynType,
})

const namespaceMetadata = objectType('kubernetes.NamespaceMetadata', {
  name: stringType,
  generateName: stringType,
  namespace: stringType,
  labels: stringMap,
  annotations: stringMap,
  UID: stringType,
  creationTimestamp: timestampType,
  deletionGracePeriodSeconds: intType,
  deletionTimestamp: timestampType,
  generation: intType,
  resourceVersion: stringType,
  finalizers: strings,
})

const namespaceCondition = objectType('kubernetes.NamespaceCondition', {
  status: stringType,
  type: stringType,
  lastTransitionTime: timestampType,
  message: stringType,
  reason: stringType,
})

export const namespaceType = objectType('kubernetes.Namespace', {
  metadata: namespaceMetadata,
  spec: objectType('kubernetes.NamespaceSpec', { finalizers: strings }),
  status: objectType('kubernetes.NamespaceStatus', { conditions: listType(namespaceCondition), phase: stringType }),
})

const patchFields: Readonly<Record<string, CelType>> = {
  op: stringType,
  path: stringType,
  from: stringType,
  value: dynType,
}

/** One operation of a JSON patch: `JSONPatch{op: "add", path: "/spec/replicas", value: 1}`. */
export const jsonPatchType = objectType('JSONPatch', patchFields)

const anyField: CelField = { type: dynType }

/** `Object{spec: Object.spec{replicas: 1}}`: types are named by their path, and have any field. */
function appliedType(name: string): CelType {
  return objectType(name, () => anyField)
}

export const appliedObjectType = appliedType('Object')

/** The types that mutations may construct. After apiserver pkg/cel/mutation/typeresolver.go v1.36. */
export function resolvePatchType(name: string): CelType | undefined {
  if (name === 'JSONPatch') return jsonPatchType
  return name === 'Object' || name.startsWith('Object.') ? appliedType(name) : undefined
}
