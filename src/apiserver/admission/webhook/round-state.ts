import type { DeepReadonly, KubeObject } from '../../../machinery/object.ts'
import { cloneDraft } from '../../rest/clone.ts'
import { equalValues } from '../../rest/equal.ts'

/**
 * What a mutating plugin remembers of the first round, to know whom to ask again in the second: only those who wish it,
 * and only when somebody changed the object after them. After webhook/mutating/reinvocationcontext.go v1.36.
 */
export class RoundState {
  #lastOutput: unknown
  readonly #invoked = new Set<string>()
  readonly #again = new Set<string>()

  isChangedSinceLast(object: DeepReadonly<KubeObject> | undefined): boolean {
    return !equalValues(this.#lastOutput, object)
  }

  setLastOutput(object: DeepReadonly<KubeObject> | undefined): void {
    this.#lastOutput = cloneDraft(object)
  }

  /** Somebody who wishes to be asked again when the object changes. */
  addInvoked(id: string): void {
    this.#invoked.add(id)
  }

  /** The object has changed: whoever was asked before is to be asked again. */
  requireAgain(): void {
    for (const id of this.#invoked) this.#again.add(id)
    this.#invoked.clear()
  }

  isAskedAgain(id: string): boolean {
    return this.#again.has(id)
  }
}
