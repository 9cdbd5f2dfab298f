import { RE2JS } from 're2js'

/** A regular expression in RE2's syntax, compiled when it is first needed. */
export class Pattern {
  readonly text: string
  #compiled: RE2JS | { readonly error: string } | undefined

  constructor(text: string) {
    this.text = text
  }

  /** Why the text is no regular expression, in RE2's words; `undefined` when it is one. */
  get error(): string | undefined {
    const compiled = this.#compile()
    return compiled instanceof RE2JS ? undefined : compiled.error
  }

  /** Whether some part of the value matches. An invalid pattern matches nothing. */
  matches(value: string): boolean {
    const compiled = this.#compile()
    return compiled instanceof RE2JS && compiled.test(value)
  }

  #compile(): RE2JS | { readonly error: string } {
    this.#compiled ??= compile(this.text)
    return this.#compiled
  }
}

function compile(text: string): RE2JS | { readonly error: string } {
  try {
    return RE2JS.compile(text)
  } catch (error) {
    return { error: error instanceof Error ? error.message : String(error) }
  }
}
