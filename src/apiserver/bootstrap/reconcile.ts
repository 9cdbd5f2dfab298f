import type { ClusterRole, ClusterRoleBinding } from '../../api/types/rbac/v1.ts'
import type { KubeObject } from '../../machinery/object.ts'
import { uncovered } from '../authorization/rules.ts'

/** What is to become of an object that is there already. */
export type Reconciled =
  | { readonly action: 'keep' }
  | { readonly action: 'replace'; readonly object: KubeObject }
  /** A binding cannot change its role: it is deleted and made anew. */
  | { readonly action: 'recreate' }

const keep: Reconciled = { action: 'keep' }

/** Set to `false` by people who want to keep their own version. */
const rbacAutoUpdate = 'rbac.authorization.kubernetes.io/autoupdate'
const flowAutoUpdate = 'apf.kubernetes.io/autoupdate-spec'

type Reconciler = (wanted: KubeObject, found: KubeObject) => Reconciled

/**
 * Brings an object that a server of another version has made up to date, and leaves alone what people have added.
 * After component-helpers auth/rbac/reconciliation and apiserver util/flowcontrol v1.36. Pure.
 */
export function reconcile(wanted: KubeObject, found: KubeObject): Reconciled {
  return reconcilers[wanted.kind ?? '']?.(wanted, found) ?? keep
}

const reconcilers: Readonly<Record<string, Reconciler>> = {
  ClusterRole: reconcileRole,
  Role: reconcileRole,
  ClusterRoleBinding: reconcileBinding,
  RoleBinding: reconcileBinding,
  FlowSchema: reconcileFlow,
  PriorityLevelConfiguration: reconcileFlow,
  // These tell where this server is: they follow it when it starts elsewhere.
  Service: reconcileService,
  Endpoints: follow,
  EndpointSlice: follow,
  ConfigMap: follow,
  Lease: follow,
}

function reconcileRole(wanted: KubeObject, found: KubeObject): Reconciled {
  if (found.metadata?.annotations?.[rbacAutoUpdate] === 'false') return keep
  const role = found as ClusterRole
  const { rules = [], aggregationRule } = wanted as ClusterRole
  const missing = aggregationRule ? [] : uncovered(role.rules ?? [], rules)
  const selectorsMissing = aggregationRule !== undefined && role.aggregationRule === undefined
  const metadata = withMarks(wanted, found)
  if (missing.length === 0 && !selectorsMissing && metadata === found.metadata) return keep
  const object = {
    ...role,
    metadata,
    ...(missing.length > 0 && { rules: [...(role.rules ?? []), ...missing] }),
    ...(selectorsMissing && { aggregationRule }),
  }
  return { action: 'replace', object: object as KubeObject }
}

function reconcileBinding(wanted: KubeObject, found: KubeObject): Reconciled {
  if (found.metadata?.annotations?.[rbacAutoUpdate] === 'false') return keep
  const binding = found as ClusterRoleBinding
  const { roleRef, subjects = [] } = wanted as ClusterRoleBinding
  if (roleRef.kind !== binding.roleRef.kind || roleRef.name !== binding.roleRef.name) return { action: 'recreate' }
  const present = binding.subjects ?? []
  const missing = subjects.filter(
    ({ kind, name, namespace }) =>
      !present.some((own) => own.kind === kind && own.name === name && (own.namespace ?? '') === (namespace ?? '')),
  )
  const metadata = withMarks(wanted, found)
  if (missing.length === 0 && metadata === found.metadata) return keep
  return { action: 'replace', object: { ...binding, metadata, subjects: [...present, ...missing] } as KubeObject }
}

function reconcileFlow(wanted: KubeObject, found: KubeObject): Reconciled {
  if (found.metadata?.annotations?.[flowAutoUpdate] !== 'true') return keep
  const spec = (wanted as { spec?: unknown }).spec
  if (contains((found as { spec?: unknown }).spec, spec)) return keep
  return { action: 'replace', object: { ...found, spec } as KubeObject }
}

function follow(wanted: KubeObject, found: KubeObject): Reconciled {
  if (contains(found, wanted)) return keep
  return { action: 'replace', object: { ...found, ...wanted, metadata: { ...found.metadata, ...wanted.metadata } } }
}

function reconcileService(wanted: KubeObject, found: KubeObject): Reconciled {
  const { ports } = (wanted as { spec: { ports: unknown } }).spec
  const { spec } = found as { spec: { ports?: unknown } }
  if (contains(spec.ports, ports)) return keep
  return { action: 'replace', object: { ...found, spec: { ...spec, ports } } as KubeObject }
}

/** The found metadata, with the wanted labels and annotations it lacks; the same object when it lacks none. */
function withMarks(wanted: KubeObject, found: KubeObject): NonNullable<KubeObject['metadata']> {
  const { labels = {}, annotations = {} } = wanted.metadata ?? {}
  const current = found.metadata ?? {}
  const complete =
    Object.keys(labels).every((key) => current.labels?.[key] !== undefined) &&
    Object.keys(annotations).every((key) => current.annotations?.[key] !== undefined)
  if (complete) return current
  return {
    ...current,
    labels: { ...labels, ...current.labels },
    annotations: { ...annotations, ...current.annotations },
  }
}

/** Whether all that `wanted` says holds in `found`, which may say more: defaults. */
function contains(found: unknown, wanted: unknown): boolean {
  if (typeof wanted !== 'object' || wanted === null) return found === wanted
  if (typeof found !== 'object' || found === null) return false
  if (Array.isArray(wanted)) {
    return (
      Array.isArray(found) &&
      found.length === wanted.length &&
      wanted.every((value, index) => contains(found[index], value))
    )
  }
  return Object.entries(wanted).every(([key, value]) => contains((found as Record<string, unknown>)[key], value))
}
