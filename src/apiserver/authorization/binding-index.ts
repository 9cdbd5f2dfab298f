import type { ResourceRef } from '../../api/resource-ref.ts'
import type { RoleRef, Subject } from '../../api/types/rbac/v1.ts'
import type { DeepReadonly, KubeObject } from '../../machinery/object.ts'
import type { Held, ObjectReader } from '../object-reader.ts'
import type { UserInfo } from '../request.ts'

interface Binding extends KubeObject {
  roleRef: RoleRef
  subjects?: Subject[]
}

interface Grant<T extends Binding> {
  readonly binding: Held<T>
  readonly subject: DeepReadonly<Subject>
}

/** Bindings by whom they name, kept up to date from the watch cache. */
export class BindingIndex<T extends Binding> {
  /** Keyed by namespace and subject; within, by the binding's name. */
  readonly #bySubject = new Map<string, Map<string, Grant<T>>>()

  constructor(reader: ObjectReader, resource: ResourceRef<T>) {
    reader.onChange(resource, ({ object, previous }) => {
      if (previous) this.#remove(previous)
      if (object) this.#add(object)
    })
    for (const binding of reader.list(resource)) this.#add(binding)
  }

  /** Calls `visitor` for what names the user or its groups, until it returns false; returns whether it never did. */
  visit(
    user: UserInfo,
    namespace: string,
    visitor: (binding: Held<T>, subject: DeepReadonly<Subject>) => boolean,
  ): boolean {
    if (!this.#visitKey(`${namespace}\0User\0${user.name}`, visitor)) return false
    for (const group of user.groups) {
      if (!this.#visitKey(`${namespace}\0Group\0${group}`, visitor)) return false
    }
    return true
  }

  #visitKey(key: string, visitor: (binding: Held<T>, subject: DeepReadonly<Subject>) => boolean): boolean {
    const grants = this.#bySubject.get(key)
    if (!grants) return true
    for (const { binding, subject } of grants.values()) if (!visitor(binding, subject)) return false
    return true
  }

  #add(binding: Held<T>): void {
    for (const subject of subjectsOf(binding)) {
      const key = keyOf(binding, subject)
      let grants = this.#bySubject.get(key)
      if (!grants) {
        grants = new Map()
        this.#bySubject.set(key, grants)
      }
      grants.set(binding.metadata.name, { binding, subject })
    }
  }

  #remove(binding: Held<T>): void {
    for (const subject of subjectsOf(binding)) {
      const key = keyOf(binding, subject)
      const grants = this.#bySubject.get(key)
      grants?.delete(binding.metadata.name)
      if (grants?.size === 0) this.#bySubject.delete(key)
    }
  }
}

function subjectsOf(binding: DeepReadonly<Binding>): readonly DeepReadonly<Subject>[] {
  return binding.subjects ?? []
}

/** A service account stands under its user name. In a RoleBinding its namespace may be left out: the binding's. */
function keyOf(binding: DeepReadonly<Binding>, { kind, name, namespace }: DeepReadonly<Subject>): string {
  const scope = binding.metadata?.namespace ?? ''
  if (kind !== 'ServiceAccount') return `${scope}\0${kind}\0${name}`
  return `${scope}\0User\0system:serviceaccount:${namespace ?? scope}:${name}`
}
