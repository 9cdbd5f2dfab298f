/**
 * What is asked of a definition. Everything of a new one; of a changed one, not what the old one did not keep either,
 * so that a stored definition can always be written again. After validationOptions of apiextensions validation.go.
 */
export interface ValidationOptions {
  readonly requireRecognizedReviewVersion: boolean
  readonly requireImmutableNames: boolean
  readonly requireSchema: boolean
  readonly requireValidTypes: boolean
  readonly requireStructuralSchema: boolean
  readonly requirePrunedDefaults: boolean
  readonly requireAtomicSets: boolean
  readonly requireListKeys: boolean
  readonly allowInvalidCaBundle: boolean
  /** Names of versions with the schema they had: their rules may cost what they cost. */
  readonly unchangedSchemas: ReadonlySet<string>
  /** Names of versions whose too many selectable fields are what they were; empty: those of all versions. */
  readonly tooManySelectableFields: ReadonlySet<string>
}

export const createOptions: ValidationOptions = {
  requireRecognizedReviewVersion: true,
  requireImmutableNames: false,
  requireSchema: true,
  requireValidTypes: true,
  requireStructuralSchema: true,
  requirePrunedDefaults: true,
  requireAtomicSets: true,
  requireListKeys: true,
  // Nobody is served by the definition yet.
  allowInvalidCaBundle: true,
  unchangedSchemas: new Set(),
  tooManySelectableFields: new Set(),
}
