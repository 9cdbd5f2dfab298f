import type { KubeObject } from '../../machinery/object.ts'
import { fromKeptSpec, toKeptSpec } from './kept-definition.ts'

type Json = Readonly<Record<string, unknown>>

/** A kind that upstream keeps in another version than it serves. */
interface KeptKind {
  readonly served: string
  readonly kept: string
  /** Where the fields differ. */
  readonly toKept?: (spec: Json) => Json
  readonly fromKept?: (spec: Json) => Json
}

const admission = { served: 'admissionregistration.k8s.io/v1', kept: 'admissionregistration.k8s.io/v1beta1' }

/** Found in what kube-apiserver v1.36 writes; older servers of a cluster must be able to read it still. */
const keptKinds: Readonly<Record<string, KeptKind>> = {
  MutatingAdmissionPolicy: admission,
  MutatingAdmissionPolicyBinding: admission,
  CustomResourceDefinition: {
    served: 'apiextensions.k8s.io/v1',
    kept: 'apiextensions.k8s.io/v1beta1',
    toKept: toKeptSpec,
    fromKept: fromKeptSpec,
  },
}

/** The apiVersion that upstream writes for a kind it serves as `apiVersion`. */
export function keptApiVersion(apiVersion: string, kind: string): string {
  const other = keptKinds[kind]
  return other?.served === apiVersion ? other.kept : apiVersion
}

/** The apiVersion under which the fields of a kept object are known here. */
export function servedApiVersion(apiVersion: string, kind: string): string {
  const other = keptKinds[kind]
  return other?.kept === apiVersion ? other.served : apiVersion
}

/** An object in the version that upstream keeps it in. */
export function toKeptVersion(object: KubeObject): KubeObject {
  return convert(object, keptApiVersion, keptKinds[object.kind ?? '']?.toKept)
}

/** An object that upstream kept, in the version that is served. */
export function fromKeptVersion(object: KubeObject): KubeObject {
  return convert(object, servedApiVersion, keptKinds[object.kind ?? '']?.fromKept)
}

function convert(
  object: KubeObject,
  versionOf: (apiVersion: string, kind: string) => string,
  convertSpec: ((spec: Json) => Json) | undefined,
): KubeObject {
  const { apiVersion = '', kind = '' } = object
  const wanted = versionOf(apiVersion, kind)
  if (wanted === apiVersion) return object
  const { spec } = object as { spec?: Json }
  return { ...object, apiVersion: wanted, ...(spec && convertSpec && { spec: convertSpec(spec) }) } as KubeObject
}
