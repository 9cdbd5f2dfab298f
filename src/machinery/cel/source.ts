/** An expression's text and the errors found in it. After cel-go common source.go, error.go and errors.go v0.26. */

export interface CompileError {
  /** In code points from the start; negative where the error has no place in the text. */
  readonly offset: number
  readonly message: string
}

/** Of the end of an empty text, which stands at column 0. */
export const emptyTextOffset = -2

/** Longer lines are not shown below an error. */
const longestSnippet = 16_384
const mostErrors = 100

/** Errors in the order of their places, in cel-go's form with the line and a caret below each. */
export function renderErrors(source: Source, errors: readonly CompileError[]): string {
  const shown = errors
    .slice(0, mostErrors)
    .map((error) => ({ message: error.message, ...source.location(error.offset) }))
    .sort((left, right) => left.line - right.line || left.column - right.column)
    .map((error) => renderError(source, error))
  if (errors.length > mostErrors) shown.push(`${errors.length - mostErrors} more errors were truncated`)
  return shown.join('\n')
}

function renderError(source: Source, error: { message: string; line: number; column: number }): string {
  const head = `ERROR: <input>:${error.line}:${error.column + 1}: ${error.message}`
  const snippet = source.line(error.line)
  if (snippet === undefined || Buffer.byteLength(snippet) > longestSnippet) return head
  const characters = [...snippet.replaceAll('\t', ' ')]
  const before = characters.slice(0, Math.max(error.column, 0)).map((character) => (isWide(character) ? '．' : '.'))
  const caret = isWide(characters[error.column] ?? '') ? '＾' : '^'
  return `${head}\n | ${characters.join('')}\n | ${before.join('')}${caret}`
}

/** Whether UTF-8 takes more than one byte for it; such columns are drawn with full-width marks. */
function isWide(character: string): boolean {
  return character !== '' && character.codePointAt(0)! > 0x7f
}

export class Source {
  readonly characters: readonly string[]
  /** Where each line begins, in code points. */
  readonly #lineStarts: readonly number[]

  constructor(text: string) {
    this.characters = [...text]
    const starts = [0]
    this.characters.forEach((character, index) => {
      if (character === '\n') starts.push(index + 1)
    })
    this.#lineStarts = starts
  }

  /** Line from 1, column from 0, in code points. */
  location(offset: number): { line: number; column: number } {
    if (offset === emptyTextOffset) return { line: 1, column: -1 }
    if (offset < 0) return { line: -1, column: -1 }
    let line = this.#lineStarts.length
    while (line > 1 && this.#lineStarts[line - 1]! > offset) line--
    return { line, column: offset - this.#lineStarts[line - 1]! }
  }

  line(number: number): string | undefined {
    const start = this.#lineStarts[number - 1]
    if (start === undefined || this.characters.length === 0) return undefined
    const next = this.#lineStarts[number]
    const end = next === undefined ? this.characters.length : next - 1
    return this.characters.slice(start, end).join('')
  }
}
