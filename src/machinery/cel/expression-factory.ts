import type { Expression, Literal, MapEntry, ObjectField } from './expression.ts'

/** Makes the nodes of one expression, each with an id of its own. */
export class ExpressionFactory {
  #lastId = 0

  unspecified(offset: number): Expression {
    return { kind: 'unspecified', ...this.#node(offset) }
  }

  literal(offset: number, value: Literal['value']): Expression {
    return { kind: 'literal', ...this.#node(offset), value }
  }

  identifier(offset: number, name: string): Expression {
    return { kind: 'identifier', ...this.#node(offset), name }
  }

  select(offset: number, operand: Expression, field: string): Expression {
    return { kind: 'select', ...this.#node(offset), operand, field, testOnly: false }
  }

  presenceTest(offset: number, operand: Expression, field: string): Expression {
    return { kind: 'select', ...this.#node(offset), operand, field, testOnly: true }
  }

  call(offset: number, name: string, args: readonly Expression[], target?: Expression): Expression {
    return { kind: 'call', ...this.#node(offset), function: name, target, arguments: args }
  }

  list(offset: number, elements: readonly Expression[], optionals: ReadonlySet<number> = new Set()): Expression {
    return { kind: 'list', ...this.#node(offset), elements, optionals }
  }

  map(offset: number, entries: readonly MapEntry[]): Expression {
    return { kind: 'map', ...this.#node(offset), entries }
  }

  mapEntry(offset: number, entry: Omit<MapEntry, 'id' | 'offset'>): MapEntry {
    return { ...this.#node(offset), ...entry }
  }

  object(offset: number, typeName: string, fields: readonly ObjectField[]): Expression {
    return { kind: 'object', ...this.#node(offset), typeName, fields }
  }

  objectField(offset: number, field: Omit<ObjectField, 'id' | 'offset'>): ObjectField {
    return { ...this.#node(offset), ...field }
  }

  comprehension(offset: number, parts: ComprehensionParts): Expression {
    return { kind: 'comprehension', ...this.#node(offset), ...parts }
  }

  /** The same tree under new ids, for macros that mention an argument twice. */
  copy(expression: Expression): Expression {
    const node = this.#node(expression.offset)
    switch (expression.kind) {
      case 'select':
        return { ...expression, ...node, operand: this.copy(expression.operand) }
      case 'call':
        return {
          ...expression,
          ...node,
          target: expression.target && this.copy(expression.target),
          arguments: expression.arguments.map((argument) => this.copy(argument)),
        }
      case 'list':
        return { ...expression, ...node, elements: expression.elements.map((element) => this.copy(element)) }
      case 'map':
        return { ...expression, ...node, entries: expression.entries.map((entry) => this.#copyEntry(entry)) }
      case 'object':
        return { ...expression, ...node, fields: expression.fields.map((field) => this.#copyField(field)) }
      case 'comprehension':
        return {
          ...expression,
          ...node,
          range: this.copy(expression.range),
          initial: this.copy(expression.initial),
          condition: this.copy(expression.condition),
          step: this.copy(expression.step),
          result: this.copy(expression.result),
        }
      default:
        return { ...expression, ...node }
    }
  }

  #copyEntry(entry: MapEntry): MapEntry {
    return { ...entry, ...this.#node(entry.offset), key: this.copy(entry.key), value: this.copy(entry.value) }
  }

  #copyField(field: ObjectField): ObjectField {
    return { ...field, ...this.#node(field.offset), value: this.copy(field.value) }
  }

  #node(offset: number): { id: number; offset: number } {
    return { id: ++this.#lastId, offset }
  }
}

export type ComprehensionParts = Omit<Extract<Expression, { kind: 'comprehension' }>, 'kind' | 'id' | 'offset'>
