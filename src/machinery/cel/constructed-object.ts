import type { CelType } from './types.ts'
import { CelMap, type CelValue } from './values.ts'

/** What `Object{spec: …}` makes. After apiserver pkg/cel/mutation/dynamic/objects.go v1.36. */
export class ConstructedObject extends CelMap {
  override readonly constructedType: CelType
  readonly fields: ReadonlyMap<string, CelValue>

  constructor(type: CelType, fields: ReadonlyMap<string, CelValue>) {
    super()
    this.constructedType = type
    this.fields = fields
  }

  get size(): number {
    return this.fields.size
  }

  find(key: CelValue): CelValue | undefined {
    return typeof key === 'string' ? this.fields.get(key) : undefined
  }

  keys(): Iterable<CelValue> {
    return this.fields.keys()
  }
}
