import { toBool, toBytes, toDouble, toDuration, toInt, toText, toTimestamp, toUint } from './conversions.ts';
import * as operators from './operators.ts';
import { capture, captureN, extract, matches } from './regex.ts';
import { STRING_FUNCTIONS } from './string-functions.ts';
import { TIME_PARTS, timePart } from './time.ts';
import { CelBytes, CelMap, type CelResult, type CelValue, typeOf } from './value.ts';

/** A function over as many values as `arity` says, the target of a method among them. Errors do not get here. */
export interface CelFunction {
  readonly arity: number;
  /** `f(a, b)`, `a.f(b)`, or both. */
  readonly styles: 'function' | 'method' | 'both';
  readonly apply: (a: CelValue, b: CelValue, c: CelValue, d: CelValue) => CelResult;
}

/** `envoy.config.core.v3.CelExpressionConfig`: what is not there without being asked for. */
export interface CelOptions {
  readonly stringConversion: boolean;
  readonly stringConcat: boolean;
  readonly stringFunctions: boolean;
}


type Entry = readonly [name: string, fn: CelFunction];

function unary(apply: (a: CelValue) => CelResult, styles: CelFunction['styles'] = 'function'): CelFunction {
  return { arity: 1, styles, apply };
}

function binary(apply: (a: CelValue, b: CelValue) => CelResult, styles: CelFunction['styles'] = 'function'): CelFunction {
  return { arity: 2, styles, apply };
}

/** Over text only. */
function overText(apply: (a: string, b: string) => CelResult, styles: CelFunction['styles']): CelFunction {
  return binary((a, b) => (typeof a === 'string' && typeof b === 'string' ? apply(a, b) : undefined), styles);
}

function comparison(holds: (order: number) => boolean): CelFunction {
  return binary((a, b) => {
    const order = operators.compare(a, b);
    return order === undefined ? undefined : holds(order);
  });
}

function size(value: CelValue): CelResult {
  if (typeof value === 'string') return BigInt(codePoints(value));
  if (value instanceof CelBytes) return BigInt(value.bytes.length);
  if (value instanceof CelMap) return BigInt(value.size);
  return Array.isArray(value) ? BigInt(value.length) : undefined;
}

/** Of UTF-8: what continues a code point does not count. */
function codePoints(text: string): number {
  let count = 0;
  for (let at = 0; at < text.length; at++) if ((text.charCodeAt(at) & 0xc0) !== 0x80) count++;
  return count;
}

const FUNCTIONS: readonly Entry[] = [
  ['!_', unary((a) => (typeof a === 'boolean' ? !a : undefined))],
  ['-_', unary(operators.negate)],
  ['_-_', binary(operators.subtract)],
  ['_*_', binary(operators.multiply)],
  ['_/_', binary(operators.divide)],
  ['_%_', binary(operators.modulo)],
  ['_==_', binary((a, b) => operators.equals(a, b))],
  ['_!=_', binary((a, b) => !operators.equals(a, b))],
  ['_<_', comparison((order) => order < 0)],
  ['_<=_', comparison((order) => order <= 0)],
  ['_>_', comparison((order) => order > 0)],
  ['_>=_', comparison((order) => order >= 0)],
  ['@in', binary(operators.contains)],
  ['in', binary(operators.contains)],
  ['_in_', binary(operators.contains)],
  ['_[_]', binary(operators.index)],
  ['size', unary(size, 'both')],
  ['contains', overText((a, b) => a.includes(b), 'both')],
  ['startsWith', overText((a, b) => a.startsWith(b), 'both')],
  ['endsWith', overText((a, b) => a.endsWith(b), 'both')],
  ['matches', overText(matches, 'both')],
  ['int', unary(toInt)],
  ['uint', unary(toUint)],
  ['double', unary(toDouble)],
  ['bool', unary(toBool)],
  ['bytes', unary(toBytes)],
  ['duration', unary(toDuration)],
  ['timestamp', unary(toTimestamp)],
  ['type', unary(typeOf)],
  ['dyn', unary((a) => a)],
  ['re.capture', overText(capture, 'function')],
  ['re.captureN', overText(captureN, 'function')],
  ['re.extract', { arity: 3, styles: 'function', apply: (a, b, c) => (typeof a === 'string' && typeof b === 'string' && typeof c === 'string' ? extract(a, b, c) : undefined) }],
  ...TIME_PARTS.flatMap((name): Entry[] => [
    [name, unary((a) => timePart(name, a), 'method')],
    [name, binary((a, b) => timePart(name, a, b), 'method')],
  ]),
];

/** The functions of a configuration, by name and arity. */
export class CelLibrary {
  readonly #functions = new Map<string, CelFunction>();

  constructor({ stringConversion, stringConcat, stringFunctions }: CelOptions) {
    for (const entry of FUNCTIONS) this.#add(entry);
    this.#add(['_+_', binary(stringConcat ? operators.concatenate : operators.add)]);
    if (stringConversion) this.#add(['string', unary(toText)]);
    if (stringFunctions) for (const entry of STRING_FUNCTIONS) this.#add(entry);
  }

  #add([name, fn]: Entry): void {
    this.#functions.set(`${name}/${fn.arity}`, fn);
  }

  find(name: string, arity: number, style: 'function' | 'method'): CelFunction | undefined {
    const found = this.#functions.get(`${name}/${arity}`);
    return found === undefined || (found.styles !== 'both' && found.styles !== style) ? undefined : found;
  }
}

const NONE: CelOptions = { stringConversion: false, stringConcat: false, stringFunctions: false };

/** A remark for a function that is not there, and would be with an option. */
export function enabledBy(name: string, arity: number, style: 'function' | 'method'): string {
  if (new CelLibrary({ ...NONE, stringConversion: true }).find(name, arity, style) !== undefined) return ' (cel_config.enable_string_conversion brings it)';
  return new CelLibrary({ ...NONE, stringFunctions: true }).find(name, arity, style) === undefined ? '' : ' (cel_config.enable_string_functions brings it)';
}
