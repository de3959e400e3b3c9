import { didYouMean } from '../../core/did-you-mean.ts';
import type { Attribute, CelRead } from './attribute.ts';
import type { CelExpression } from './expression.ts';
import { type CelFunction, CelLibrary, type CelOptions, enabledBy } from './library.ts';
import { index } from './operators.ts';
import { compileCelRegex } from './regex.ts';
import { CelEntries, CelMap, CelMessage, type CelResult, CelType, type CelValue, NAMED_TYPES } from './value.ts';

/** An expression that is ready to run. There are no loops in it, and no call of its own: it ends. */
export type CelProgram = CelRead;

/** What an expression may name. */
export interface CelAttributes {
  readonly names: readonly string[];
  find(name: string): Attribute | undefined;
}

/** Compiles to closures; a string says in Envoy's words what cannot be. `warn` is told of names that nothing has: what reads them is an error for ever. */
export function compileCel(expression: CelExpression, options: CelOptions, attributes: CelAttributes, warn: (message: string) => void = () => {}): CelProgram | string {
  try {
    return new Compiler(new CelLibrary(options), attributes, warn).compile(expression).run;
  } catch (error) {
    if (error instanceof CelCompileError) return error.message;
    throw error;
  }
}

class CelCompileError extends Error {}

interface Compiled {
  readonly run: CelProgram;
  /** The result is the same for all streams. */
  readonly constant: boolean;
  /** It is this one, as it is. */
  readonly attribute?: Attribute;
}

type Call = Extract<CelExpression, { kind: 'call' }>;

class Compiler {
  readonly #library: CelLibrary;
  readonly #attributes: CelAttributes;
  readonly #warn: (message: string) => void;

  constructor(library: CelLibrary, attributes: CelAttributes, warn: (message: string) => void) {
    this.#library = library;
    this.#attributes = attributes;
    this.#warn = warn;
  }

  compile(expression: CelExpression): Compiled {
    switch (expression.kind) {
      case 'constant':
        return constant(expression.value);
      case 'ident':
        return this.#ident(expression.name);
      case 'select':
        return expression.test ? this.#has(expression.operand, expression.field) : this.#select(expression.operand, expression.field);
      case 'call':
        return this.#call(expression);
      case 'list':
        return list(expression.items.map((item) => this.compile(item)));
      case 'map':
        return map(expression.entries.map(([key, value]) => [this.compile(key), this.compile(value)]));
      case 'struct':
        throw new CelCompileError(`Invalid struct creation: missing type info for '${expression.typeName}'`);
      default:
        throw new CelCompileError('Comprehension support is disabled');
    }
  }

  #ident(name: string): Compiled {
    const attribute = this.#attributes.find(name);
    if (attribute !== undefined) return { run: attribute.read, constant: false, attribute };
    if (NAMED_TYPES.has(name)) return constant(new CelType(name));
    this.#warn(`there is no attribute '${name}'${didYouMean(name, this.#attributes.names)}`);
    return constant(undefined);
  }

  #select(operand: CelExpression, field: string): Compiled {
    const of = this.compile(operand);
    const attribute = this.#member(of.attribute, field);
    if (attribute !== undefined) return { run: attribute.read, constant: false, attribute };
    return folded([of], (context) => {
      const value = of.run(context);
      if (value instanceof CelMap) return value.get(field);
      return value instanceof CelMessage ? value.fields.get(field) : undefined;
    });
  }

  #member(of: Attribute | undefined, name: string): Attribute | undefined {
    const names = of?.memberNames;
    if (names?.includes(name) === false) this.#warn(`there is no attribute '${name}'${didYouMean(name, names)}`);
    return of?.member?.(name);
  }

  #has(operand: CelExpression, field: string): Compiled {
    const of = this.compile(operand);
    return folded([of], (context) => {
      const value = of.run(context);
      if (value instanceof CelMap) return value.has(field);
      return value instanceof CelMessage ? value.isSet(field) : undefined;
    });
  }

  #call(expression: Call): Compiled {
    const { target, name, args } = expression;
    if (target === undefined) {
      if (name === '_&&_' && args.length === 2) return logical(this.compile(args[0]!), this.compile(args[1]!), false);
      if (name === '_||_' && args.length === 2) return logical(this.compile(args[0]!), this.compile(args[1]!), true);
      if (name === '_?_:_' && args.length === 3) return choice(this.compile(args[0]!), this.compile(args[1]!), this.compile(args[2]!));
      if (name === '_[_]' && args.length === 2) return this.#index(args[0]!, args[1]!);
      return this.#apply(this.#find(name, args.length, 'function', name), name, args);
    }
    const namespace = qualifiedName(target);
    const spaced = namespace === undefined ? undefined : this.#library.find(`${namespace}.${name}`, args.length, 'function');
    if (spaced !== undefined) return this.#apply(spaced, name, args);
    return this.#apply(this.#find(name, args.length + 1, 'method', name), name, [target, ...args]);
  }

  #find(name: string, arity: number, style: 'function' | 'method', told: string): CelFunction {
    const found = this.#library.find(name, arity, style);
    if (found === undefined) throw new CelCompileError(`No overload found in reference resolve step for ${told}${enabledBy(name, arity, style)}`);
    return found;
  }

  #index(operand: CelExpression, key: CelExpression): Compiled {
    const of = this.compile(operand);
    const at = this.compile(key);
    const member = key.kind === 'constant' && typeof key.value === 'string' && of.attribute?.isMessage !== true ? this.#member(of.attribute, key.value) : undefined;
    if (member !== undefined) return { run: member.read, constant: false, attribute: member };
    return apply2([of, at], index);
  }

  #apply(fn: CelFunction, name: string, args: readonly CelExpression[]): Compiled {
    const compiled = args.map((arg) => this.compile(arg));
    if (name === 'matches') return matching(compiled, args[1]!, fn);
    switch (fn.arity) {
      case 1:
        return apply1(compiled, fn.apply as (a: CelValue) => CelResult);
      case 2:
        return apply2(compiled, fn.apply as (a: CelValue, b: CelValue) => CelResult);
      default:
        return applyMany(compiled, fn);
    }
  }
}

function constant(value: CelResult): Compiled {
  return { run: () => value, constant: true };
}

/** Runs now what does not depend on the stream. */
function folded(parts: readonly Compiled[], run: CelProgram): Compiled {
  return parts.every((part) => part.constant) ? constant(run(undefined as never)) : { run, constant: false };
}

function apply1(args: readonly Compiled[], fn: (a: CelValue) => CelResult): Compiled {
  const [{ run: first }] = args as [Compiled];
  return folded(args, (context) => {
    const a = first(context);
    return a === undefined ? undefined : fn(a);
  });
}

function apply2(args: readonly Compiled[], fn: (a: CelValue, b: CelValue) => CelResult): Compiled {
  const [{ run: first }, { run: second }] = args as [Compiled, Compiled];
  return folded(args, (context) => {
    const a = first(context);
    if (a === undefined) return undefined;
    const b = second(context);
    return b === undefined ? undefined : fn(a, b);
  });
}

function applyMany(args: readonly Compiled[], fn: CelFunction): Compiled {
  return folded(args, (context) => {
    const values = args.map(({ run }) => run(context));
    return values.includes(undefined) ? undefined : fn.apply(...(values as [CelValue, CelValue, CelValue, CelValue]));
  });
}

/** A pattern of the configuration is compiled once, and refused if it is none. */
function matching(args: readonly Compiled[], pattern: CelExpression, fn: CelFunction): Compiled {
  if (pattern.kind !== 'constant' || typeof pattern.value !== 'string') return apply2(args, fn.apply as (a: CelValue, b: CelValue) => CelResult);
  const regex = compileCelRegex(pattern.value);
  if (typeof regex === 'string') throw new CelCompileError(regex);
  regex.prepare();
  return apply1(args, (text) => (typeof text === 'string' ? regex.search(text) : undefined));
}

/** `&&` and `||`: the value that decides does so on either side, whatever the other side is. */
function logical({ run: left, constant: isLeft }: Compiled, { run: right, constant: isRight }: Compiled, deciding: boolean): Compiled {
  const run: CelProgram = (context) => {
    const a = left(context);
    if (a === deciding) return deciding;
    const b = right(context);
    if (b === deciding) return deciding;
    return a === !deciding && b === !deciding ? !deciding : undefined;
  };
  return isLeft && isRight ? constant(run(undefined as never)) : { run, constant: false };
}

function choice(condition: Compiled, then: Compiled, otherwise: Compiled): Compiled {
  return folded([condition, then, otherwise], (context) => {
    const holds = condition.run(context);
    return holds === true ? then.run(context) : holds === false ? otherwise.run(context) : undefined;
  });
}

function list(items: readonly Compiled[]): Compiled {
  return folded(items, (context) => {
    const values: CelValue[] = [];
    for (const { run } of items) {
      const value = run(context);
      if (value === undefined) return undefined;
      values.push(value);
    }
    return values;
  });
}

function map(entries: readonly (readonly [key: Compiled, value: Compiled])[]): Compiled {
  return folded(entries.flat(), (context) => {
    const made = new CelEntries();
    for (const [key, value] of entries) {
      const name = key.run(context);
      const held = value.run(context);
      if (name === undefined || held === undefined || !made.add(name, held)) return undefined;
    }
    return made;
  });
}

/** `a.b`, as the namespace of a function. */
function qualifiedName(expression: CelExpression): string | undefined {
  if (expression.kind === 'ident') return expression.name;
  if (expression.kind !== 'select' || expression.test) return undefined;
  const operand = qualifiedName(expression.operand);
  return operand === undefined ? undefined : `${operand}.${expression.field}`;
}
