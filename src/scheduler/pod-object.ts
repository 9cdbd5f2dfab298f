import type { Pod } from '../api/types/core/v1.ts'
import type { DeepReadonly, Stored } from '../machinery/object.ts'

/** A Pod as an informer holds it: with its identity, and not to be changed. */
export type PodObject = DeepReadonly<Stored<Pod>>
