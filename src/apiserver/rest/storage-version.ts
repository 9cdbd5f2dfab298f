/**
 * Kinds that upstream keeps in another version than the one it serves, with the same fields. After kubernetes
 * pkg/kubeapiserver/default_storage_factory_builder.go and the emulation rules of apiserver server/storage v1.36.
 */
const keptVersions: Readonly<Record<string, { readonly served: string; readonly kept: string }>> = {
  MutatingAdmissionPolicy: admissionBeta(),
  MutatingAdmissionPolicyBinding: admissionBeta(),
}

function admissionBeta() {
  return { served: 'admissionregistration.k8s.io/v1', kept: 'admissionregistration.k8s.io/v1beta1' }
}

/** The apiVersion that upstream writes beside an object of `apiVersion`. */
export function keptApiVersion({ apiVersion, kind }: { readonly apiVersion: string; readonly kind: string }): string {
  const other = keptVersions[kind]
  return other?.served === apiVersion ? other.kept : apiVersion
}

/** The apiVersion under which the fields of a kept object are known here. */
export function knownApiVersion({ apiVersion, kind }: { readonly apiVersion: string; readonly kind: string }): string {
  const other = keptVersions[kind]
  return other?.kept === apiVersion ? other.served : apiVersion
}
