/** Go refuses deeper values too, though later; JavaScript's own stack would end a little further down. */
export const largestDepth = 1_000

/** Go's words for what is wrong with `text`, which is no JSON. After encoding/json scanner.go. */
export function describeSyntaxError(text: string): string {
  return new SyntaxScanner(text).describe()
}

const endOfInput = 'unexpected end of JSON input'

class SyntaxScanner {
  readonly #text: string
  #at = 0

  constructor(text: string) {
    this.#text = text
  }

  describe(): string {
    const wrong = this.#value() ?? this.#after()
    return wrong ?? 'exceeded max depth'
  }

  #after(): string | undefined {
    this.#space()
    return this.#at < this.#text.length ? this.#invalid('after top-level value') : undefined
  }

  #value(depth = 0): string | undefined {
    if (depth > largestDepth) return 'exceeded max depth'
    this.#space()
    const character = this.#text[this.#at]
    switch (character) {
      case undefined:
        return endOfInput
      case '{':
        return this.#object(depth)
      case '[':
        return this.#array(depth)
      case '"':
        return this.#string()
      case 't':
        return this.#literal('true')
      case 'f':
        return this.#literal('false')
      case 'n':
        return this.#literal('null')
      default:
        return /[-0-9]/.test(character) ? this.#number() : this.#invalid('looking for beginning of value')
    }
  }

  #object(depth: number): string | undefined {
    this.#at++
    this.#space()
    if (this.#text[this.#at] === '}') {
      this.#at++
      return undefined
    }
    for (;;) {
      this.#space()
      if (this.#text[this.#at] === undefined) return endOfInput
      if (this.#text[this.#at] !== '"') return this.#invalid('looking for beginning of object key string')
      const wrong = this.#string() ?? this.#expect(':', 'after object key') ?? this.#value(depth + 1)
      if (wrong !== undefined) return wrong
      const end = this.#separator('}', 'after object key:value pair')
      if (end !== ',') return end === '}' ? undefined : end
    }
  }

  #array(depth: number): string | undefined {
    this.#at++
    this.#space()
    if (this.#text[this.#at] === ']') {
      this.#at++
      return undefined
    }
    for (;;) {
      const wrong = this.#value(depth + 1)
      if (wrong !== undefined) return wrong
      const end = this.#separator(']', 'after array element')
      if (end !== ',') return end === ']' ? undefined : end
    }
  }

  /** The comma or closing sign that was read, or what is wrong. */
  #separator(closing: string, context: string): string {
    this.#space()
    const character = this.#text[this.#at]
    if (character === undefined) return endOfInput
    if (character !== ',' && character !== closing) return this.#invalid(context)
    this.#at++
    return character
  }

  #expect(character: string, context: string): string | undefined {
    this.#space()
    if (this.#text[this.#at] === undefined) return endOfInput
    if (this.#text[this.#at] !== character) return this.#invalid(context)
    this.#at++
    return undefined
  }

  #string(): string | undefined {
    for (this.#at++; ; this.#at++) {
      const character = this.#text[this.#at]
      if (character === undefined) return endOfInput
      if (character < ' ') return this.#invalid('in string literal')
      if (character === '"') {
        this.#at++
        return undefined
      }
      if (character === '\\') {
        const wrong = this.#escape()
        if (wrong !== undefined) return wrong
      }
    }
  }

  #escape(): string | undefined {
    const escaped = this.#text[++this.#at]
    if (escaped === undefined) return endOfInput
    if (escaped !== 'u') return '"\\/bfnrt'.includes(escaped) ? undefined : this.#invalid('in string escape code')
    for (let digit = 0; digit < 4; digit++) {
      const hex = this.#text[++this.#at]
      if (hex === undefined) return endOfInput
      if (!/[0-9a-fA-F]/.test(hex)) return this.#invalid('in \\u hexadecimal character escape')
    }
    return undefined
  }

  #literal(literal: string): string | undefined {
    for (let index = 0; index < literal.length; index++, this.#at++) {
      const character = this.#text[this.#at]
      if (character === undefined) return endOfInput
      if (character !== literal[index]) return this.#invalid(`in literal ${literal} (expecting '${literal[index]}')`)
    }
    return undefined
  }

  #number(): string | undefined {
    if (this.#text[this.#at] === '-') this.#at++
    const wrong = this.#text[this.#at] === '0' ? this.#take() : this.#digits('in numeric literal')
    return wrong ?? this.#fraction() ?? this.#exponent()
  }

  #fraction(): string | undefined {
    if (this.#text[this.#at] !== '.') return undefined
    this.#at++
    return this.#digits('after decimal point in numeric literal')
  }

  #exponent(): string | undefined {
    if (!/[eE]/.test(this.#text[this.#at] ?? '')) return undefined
    this.#at++
    if (/[-+]/.test(this.#text[this.#at] ?? '')) this.#at++
    return this.#digits('in exponent of numeric literal')
  }

  #digits(context: string): string | undefined {
    if (this.#text[this.#at] === undefined) return endOfInput
    if (!isDigit(this.#text[this.#at])) return this.#invalid(context)
    while (isDigit(this.#text[this.#at])) this.#at++
    return undefined
  }

  #take(): undefined {
    this.#at++
  }

  #space(): void {
    while (' \t\r\n'.includes(this.#text[this.#at] ?? 'end')) this.#at++
  }

  #invalid(context: string): string {
    const character = String.fromCodePoint(this.#text.codePointAt(this.#at)!)
    return `invalid character ${quoteCharacter(character)} ${context}`
  }
}

const isDigit = (character: string | undefined) => character !== undefined && character >= '0' && character <= '9'

/** As Go's scanner quotes a character. */
function quoteCharacter(character: string): string {
  if (character === "'") return "'\\''"
  if (character === '"') return `'"'`
  return `'${JSON.stringify(character).slice(1, -1)}'`
}
