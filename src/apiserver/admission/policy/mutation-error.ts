/** A mutation that cannot be made of this object: the policy's failure policy decides. The message is upstream's. */
export class MutationError extends Error {
  constructor(message: string) {
    super(message)
    this.name = 'MutationError'
  }
}
