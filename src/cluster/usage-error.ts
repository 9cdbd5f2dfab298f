/** A mistake of the user's, or something the machine lacks: shown as this one sentence, exit code 1, no stack. */
export class UsageError extends Error {
  override readonly name: string = 'UsageError'
  readonly exitCode: number = 1
}

/** A flag, or a file that a flag names, that makes no sense: exit code 2. */
export class OptionError extends UsageError {
  override readonly exitCode = 2
}
