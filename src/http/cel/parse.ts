import { type CelExpression, CelSyntaxError, MAX_DEPTH, MAX_LENGTH } from './expression.ts';
import { type Token, tokens } from './lexer.ts';

/** Parses bytes of the wire; a string says what is wrong. */
export function parseCel(text: string): CelExpression | string {
  if (text.length > MAX_LENGTH) return `expression is larger than the allowed size of ${MAX_LENGTH}`;
  try {
    return new Parser(tokens(text)).parse();
  } catch (error) {
    if (error instanceof CelSyntaxError) return error.message;
    throw error;
  }
}

/** Binary operators from the loosest to the tightest; `||` and `&&` are looser still. */
const RELATIONS: ReadonlyMap<string, string> = new Map([
  ['<', '_<_'],
  ['<=', '_<=_'],
  ['>=', '_>=_'],
  ['>', '_>_'],
  ['==', '_==_'],
  ['!=', '_!=_'],
  ['in', '@in'],
]);
const SUMS: ReadonlyMap<string, string> = new Map([
  ['+', '_+_'],
  ['-', '_-_'],
]);
const PRODUCTS: ReadonlyMap<string, string> = new Map([
  ['*', '_*_'],
  ['/', '_/_'],
  ['%', '_%_'],
]);

const RESERVED: ReadonlySet<string> = new Set(
  'as break const continue else false for function if import in let loop package namespace null return true var void while'.split(' '),
);

/** Macros over lists and maps, by name and number of arguments: loops, all of them. */
const LOOPS: ReadonlySet<string> = new Set(['all/2', 'exists/2', 'exists_one/2', 'map/2', 'map/3', 'filter/2']);

const MAX_INT = 2n ** 63n;

/** How deep each expression is, so that the depth of what is made of them is known. */
const depths = new WeakMap<CelExpression, number>();

class Parser {
  readonly #tokens: readonly Token[];
  #at = 0;
  #nesting = 0;

  constructor(list: readonly Token[]) {
    this.#tokens = list;
  }

  parse(): CelExpression {
    const expression = this.#ternary();
    if (this.#token.kind !== 'end') throw this.#unexpected();
    return expression;
  }

  get #token(): Token {
    return this.#tokens[this.#at]!;
  }

  #unexpected(): CelSyntaxError {
    const token = this.#token;
    const what = token.kind === 'end' ? 'the expression ends too early' : token.kind === 'constant' ? 'a literal is not expected' : `'${token.text}' is not expected`;
    return new CelSyntaxError(`Syntax error: ${what} at ${token.at + 1}`);
  }

  /** Takes the sign if it comes next. */
  #take(sign: string): boolean {
    const token = this.#token;
    if (token.kind !== 'sign' || token.text !== sign) return false;
    this.#at++;
    return true;
  }

  #expect(sign: string): void {
    if (!this.#take(sign)) throw this.#unexpected();
  }

  #ternary(): CelExpression {
    if (++this.#nesting > MAX_DEPTH + 1) throw tooDeep();
    const condition = this.#logical('||', '_||_', () => this.#logical('&&', '_&&_', () => this.#relation()));
    let result = condition;
    if (this.#take('?')) {
      const then = this.#logical('||', '_||_', () => this.#logical('&&', '_&&_', () => this.#relation()));
      this.#expect(':');
      result = call('_?_:_', [condition, then, this.#ternary()]);
    }
    this.#nesting--;
    return result;
  }

  /** Long rows of these are balanced, so that their depth is small. */
  #logical(sign: string, name: string, operand: () => CelExpression): CelExpression {
    const operands = [operand()];
    while (this.#take(sign)) operands.push(operand());
    return balanced(name, operands, 0, operands.length);
  }

  #relation(): CelExpression {
    return this.#binary(RELATIONS, () => this.#binary(SUMS, () => this.#binary(PRODUCTS, () => this.#unary())));
  }

  #binary(names: ReadonlyMap<string, string>, operand: () => CelExpression): CelExpression {
    let left = operand();
    for (;;) {
      const token = this.#token;
      const name = token.kind === 'sign' || token.kind === 'ident' ? names.get(token.text) : undefined;
      if (name === undefined) return left;
      this.#at++;
      left = call(name, [left, operand()]);
    }
  }

  /** A row of the same sign; two of one undo each other. */
  #unary(): CelExpression {
    let count = 0;
    while (this.#take('!')) count++;
    if (count > 0) return count % 2 === 0 ? this.#member() : call('!_', [this.#member()]);
    while (this.#take('-')) count++;
    // The sign before a number belongs to it.
    if (count === 1) return this.#negative() ?? call('-_', [this.#member()]);
    return count % 2 === 0 ? this.#member() : call('-_', [this.#member()]);
  }

  #negative(): CelExpression | undefined {
    const token = this.#token;
    if (token.kind === 'int') {
      this.#at++;
      return this.#members(constant(intValue(token.text, true, token.at)));
    }
    if (token.kind !== 'constant' || typeof token.value !== 'number') return undefined;
    this.#at++;
    return this.#members(constant(-token.value));
  }

  #member(): CelExpression {
    const token = this.#token;
    if (token.kind === 'sign' && token.text === '-') {
      const negative = this.#lookAheadNegative();
      if (negative !== undefined) return negative;
    }
    return this.#members(this.#primary());
  }

  /** After `!`, and only there, a negative number may follow. */
  #lookAheadNegative(): CelExpression | undefined {
    const next = this.#tokens[this.#at + 1]!;
    if (next.kind !== 'int' && !(next.kind === 'constant' && typeof next.value === 'number')) return undefined;
    this.#at++;
    return this.#negative();
  }

  #members(first: CelExpression): CelExpression {
    let result = first;
    for (;;) {
      if (this.#take('.')) result = this.#selection(result);
      else if (this.#take('[')) {
        const index = this.#ternary();
        this.#expect(']');
        result = call('_[_]', [result, index]);
      } else if (this.#token.kind === 'sign' && this.#token.text === '{') {
        const typeName = qualifiedName(result);
        if (typeName === undefined) return result;
        result = this.#struct(typeName);
      } else return result;
    }
  }

  #selection(operand: CelExpression): CelExpression {
    const token = this.#token;
    if (token.kind === 'quoted') {
      this.#at++;
      return select(operand, token.text);
    }
    if (token.kind !== 'ident' || token.text === 'in') throw this.#unexpected();
    this.#at++;
    if (!this.#take('(')) return select(operand, token.text);
    const args = this.#arguments();
    if (!LOOPS.has(`${token.text}/${args.length}`)) return call(token.text, args, operand);
    if (args[0]!.kind !== 'ident') throw new CelSyntaxError(`${token.text}() variable name must be a simple identifier`);
    return { kind: 'comprehension' };
  }

  #primary(): CelExpression {
    const token = this.#token;
    if (token.kind === 'constant') {
      this.#at++;
      return constant(token.value);
    }
    if (token.kind === 'int') {
      this.#at++;
      return constant(intValue(token.text, false, token.at));
    }
    if (this.#take('(')) {
      const inside = this.#ternary();
      this.#expect(')');
      return inside;
    }
    if (this.#take('[')) return this.#list();
    if (this.#take('{')) return this.#map();
    this.#take('.');
    return this.#name();
  }

  #name(): CelExpression {
    const token = this.#token;
    if (token.kind !== 'ident') throw this.#unexpected();
    this.#at++;
    if (token.text === 'in') throw this.#unexpected();
    if (RESERVED.has(token.text)) throw new CelSyntaxError(`reserved identifier: ${token.text}`);
    if (!this.#take('(')) return { kind: 'ident', name: token.text };
    const args = this.#arguments();
    if (token.text !== 'has' || args.length !== 1) return call(token.text, args);
    const [field] = args;
    if (field!.kind !== 'select' || field!.test) throw new CelSyntaxError('has() argument must be a field selection');
    return deep({ ...field!, test: true }, [field!.operand]);
  }

  /** Up to and with the closing parenthesis. */
  #arguments(): CelExpression[] {
    const args: CelExpression[] = [];
    if (this.#take(')')) return args;
    do args.push(this.#ternary());
    while (this.#take(','));
    this.#expect(')');
    return args;
  }

  #list(): CelExpression {
    const items: CelExpression[] = [];
    this.#items(']', () => items.push(this.#ternary()));
    return deep({ kind: 'list', items }, items);
  }

  #map(): CelExpression {
    const entries: [CelExpression, CelExpression][] = [];
    this.#items('}', () => {
      const key = this.#ternary();
      this.#expect(':');
      entries.push([key, this.#ternary()]);
    });
    return deep({ kind: 'map', entries }, entries.flat());
  }

  /** Messages cannot be made: their fields are read and dropped. */
  #struct(typeName: string): CelExpression {
    this.#expect('{');
    this.#items('}', () => {
      if (this.#token.kind !== 'ident' && this.#token.kind !== 'quoted') throw this.#unexpected();
      this.#at++;
      this.#expect(':');
      this.#ternary();
    });
    return { kind: 'struct', typeName };
  }

  /** Up to and with the closing sign; a comma may stand before it. */
  #items(end: string, item: () => void): void {
    if (this.#take(end)) return;
    if (this.#take(',')) {
      this.#expect(end);
      return;
    }
    do {
      if (this.#take(end)) return;
      item();
    } while (this.#take(','));
    this.#expect(end);
  }
}

function tooDeep(): CelSyntaxError {
  return new CelSyntaxError(`Exceeded max recursion depth of ${MAX_DEPTH} when parsing.`);
}

function deep<T extends CelExpression>(expression: T, parts: readonly CelExpression[]): T {
  let depth = 1;
  for (const part of parts) depth = Math.max(depth, (depths.get(part) ?? 1) + 1);
  if (depth > MAX_DEPTH) throw tooDeep();
  depths.set(expression, depth);
  return expression;
}

function constant(value: Extract<CelExpression, { kind: 'constant' }>['value']): CelExpression {
  return { kind: 'constant', value };
}

function call(name: string, args: readonly CelExpression[], target?: CelExpression): CelExpression {
  return deep({ kind: 'call', target, name, args }, target === undefined ? args : [target, ...args]);
}

function select(operand: CelExpression, field: string): CelExpression {
  return deep({ kind: 'select', operand, field, test: false }, [operand]);
}

function balanced(name: string, operands: readonly CelExpression[], from: number, to: number): CelExpression {
  if (to - from === 1) return operands[from]!;
  const middle = (from + to + 1) >> 1;
  return call(name, [balanced(name, operands, from, middle), balanced(name, operands, middle, to)]);
}

function intValue(text: string, negative: boolean, at: number): bigint {
  const value = BigInt(text);
  if (value > MAX_INT || (value === MAX_INT && !negative)) throw new CelSyntaxError(`invalid int literal at ${at + 1}`);
  return negative ? -value : value;
}

/** `a.b.c`, as the name of a type. */
function qualifiedName(expression: CelExpression): string | undefined {
  if (expression.kind === 'ident') return expression.name;
  if (expression.kind !== 'select' || expression.test) return undefined;
  const operand = qualifiedName(expression.operand);
  return operand === undefined ? undefined : `${operand}.${expression.field}`;
}
