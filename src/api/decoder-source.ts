/**
 * Writes the JavaScript of a message type's decoder: one literal that makes the message in its final shape and one switch over tags.
 * That is what makes it faster than a walk over descriptors, and why it is generated when the type is first decoded.
 *
 *     function create() { return { $typeName: 'a.B', name: '', items: [] } }
 *     function read(r, end, m) {
 *       if (m === undefined) m = create();
 *       while (r.pos < end) {
 *         const t = r.tag();
 *         switch (t) {
 *           case 10: m.name = r.string(); break;
 *           case 18: m.items.push(D0.read(r, r.enter(end))); break;
 *           default: r.unknown(m, t);
 *         }
 *       }
 *       r.leave(end);
 *       return m;
 *     }
 */
import type { DescField, DescMessage } from '@bufbuild/protobuf';
import { isWrapperDesc, ScalarType } from './protobuf.ts';

export interface DecoderSource {
  /** A function body that returns `{ create, read }`; it refers to D0, D1, …, readStruct and setKey. */
  readonly body: string;
  /** The types behind D0, D1, …. */
  readonly needs: readonly DescMessage[];
}

const VARINT = 0;
const FIXED64 = 1;
const BYTES = 2;
const FIXED32 = 5;

/** `google.protobuf.FieldDescriptorProto` presence and edition values of descriptors. */
const IMPLICIT_PRESENCE = 2;
const EDITION_PROTO3 = 999;

/** The reader's method, the wire type and the zero of each scalar type. */
const SCALARS: Record<ScalarType, readonly [method: string, wireType: number, zero: string]> = {
  [ScalarType.DOUBLE]: ['double', FIXED64, '0'],
  [ScalarType.FLOAT]: ['float', FIXED32, '0'],
  [ScalarType.INT64]: ['int64', VARINT, '0n'],
  [ScalarType.UINT64]: ['uint64', VARINT, '0n'],
  [ScalarType.INT32]: ['int32', VARINT, '0'],
  [ScalarType.FIXED64]: ['fixed64', FIXED64, '0n'],
  [ScalarType.FIXED32]: ['fixed32', FIXED32, '0'],
  [ScalarType.BOOL]: ['bool', VARINT, 'false'],
  [ScalarType.STRING]: ['string', BYTES, "''"],
  [ScalarType.BYTES]: ['bytes', BYTES, 'new Uint8Array(0)'],
  [ScalarType.UINT32]: ['uint32', VARINT, '0'],
  [ScalarType.SFIXED32]: ['sfixed32', FIXED32, '0'],
  [ScalarType.SFIXED64]: ['sfixed64', FIXED64, '0n'],
  [ScalarType.SINT32]: ['sint32', VARINT, '0'],
  [ScalarType.SINT64]: ['sint64', VARINT, '0n'],
};

/** Proto2's defaults on prototypes, closed enums, groups and text for 64-bit numbers are left to @bufbuild/protobuf. */
export function canGenerate(type: DescMessage): boolean {
  return (
    type.file.edition === EDITION_PROTO3 &&
    type.fields.every(
      (field) =>
        (field.enum === undefined || field.enum.open) &&
        !('delimitedEncoding' in field && field.delimitedEncoding === true) &&
        !('longAsString' in field && field.longAsString),
    )
  );
}

export function decoderSource(type: DescMessage): DecoderSource {
  const needs: DescMessage[] = [];
  const writer = new FieldWriter(needs);
  const cases = type.fields.flatMap((field) => writer.cases(field));
  const body = `
function create() { return { ${initialProperties(type).join(', ')} } }
function read(r, end, m) {
  if (m === undefined) m = create();
  while (r.pos < end) {
    const t = r.tag();
    switch (t) {
${cases.map(([tag, code]) => `      case ${tag}: ${code} break;\n`).join('')}      default: r.unknown(m, t);
    }
  }
  r.leave(end);
  return m;
}
return { create, read };`;
  return { body, needs };
}

function initialProperties(type: DescMessage): string[] {
  const properties = [`$typeName: ${JSON.stringify(type.typeName)}`];
  for (const member of type.members) {
    const zero = member.kind === 'oneof' ? '{ case: undefined }' : initialValue(member);
    if (zero !== undefined) properties.push(`${JSON.stringify(member.localName)}: ${zero}`);
  }
  return properties;
}

function initialValue(field: DescField): string | undefined {
  if (field.fieldKind === 'list') return '[]';
  if (field.fieldKind === 'map') return '{}';
  if (field.fieldKind === 'message' || field.presence !== IMPLICIT_PRESENCE) return undefined;
  return zeroOf(field);
}

/** Of a scalar or an open enum, whose first value is 0. */
function zeroOf(field: DescField): string {
  return field.scalar === undefined ? '0' : SCALARS[field.scalar][2];
}

type Case = readonly [tag: number, code: string];

class FieldWriter {
  readonly #needs: DescMessage[];

  constructor(needs: DescMessage[]) {
    this.#needs = needs;
  }

  cases(field: DescField): Case[] {
    if (field.fieldKind === 'list') return this.#listCases(field);
    if (field.fieldKind === 'map') return [[tagOf(field.number, BYTES), this.#mapCode(field)]];
    const target = `m[${JSON.stringify(field.localName)}]`;
    if (field.message === undefined) return [[tagOf(field.number, wireTypeOf(field)), this.#store(field, readScalar(field))]];
    const code = field.oneof === undefined ? this.#messageCode(field, target) : this.#oneofMessageCode(field);
    return [[tagOf(field.number, BYTES), code]];
  }

  #store(field: DescField, value: string): string {
    if (field.oneof === undefined) return `m[${JSON.stringify(field.localName)}] = ${value};`;
    return `m[${JSON.stringify(field.oneof.localName)}] = { case: ${JSON.stringify(field.localName)}, value: ${value} };`;
  }

  #messageCode(field: DescField, target: string): string {
    const message = field.message!;
    if (!isWrapperDesc(message)) return `${target} = ${this.#readMessage(field, 'end', target)};`;
    const inner = message.fields[0];
    return (
      `{ const e = r.enter(end); let v = ${target} ?? ${zeroOf(inner)}; ` +
      `while (r.pos < e) { const t = r.tag(); if (t === ${tagOf(1, wireTypeOf(inner))}) v = ${readScalar(inner)}; ` +
      `else r.drop(t, ${JSON.stringify(message.typeName)}); } r.leave(e); ${target} = v; }`
    );
  }

  /** A second occurrence of the same case merges into the first. */
  #oneofMessageCode(field: DescField): string {
    const name = JSON.stringify(field.localName);
    const holder = `m[${JSON.stringify(field.oneof!.localName)}]`;
    const before = `${holder}.case === ${name} ? ${holder}.value : undefined`;
    return `{ const b = ${before}; ${holder} = { case: ${name}, value: ${this.#readMessage(field, 'end', 'b')} }; }`;
  }

  #listCases(field: DescField): Case[] {
    const target = `m[${JSON.stringify(field.localName)}]`;
    if (field.message !== undefined) {
      return [[tagOf(field.number, BYTES), `${target}.push(${this.#readMessage(field, 'end', 'undefined')});`]];
    }
    const wireType = wireTypeOf(field);
    const one: Case = [tagOf(field.number, wireType), `${target}.push(${readScalar(field)});`];
    if (wireType === BYTES) return [one];
    const packed = `{ const e = r.run(end); const l = ${target}; while (r.pos < e) l.push(${readScalar(field)}); r.checkRun(e); }`;
    return [one, [tagOf(field.number, BYTES), packed]];
  }

  #mapCode(field: DescField & { fieldKind: 'map' }): string {
    const [keyMethod, keyWireType, keyZero] = SCALARS[field.mapKey];
    const isMessage = field.message !== undefined;
    const value = isMessage ? this.#readMessage(field, 'e', 'v') : readScalar(field);
    const missing = isMessage ? this.#emptyMessage(field) : zeroOf(field);
    const target = `m[${JSON.stringify(field.localName)}]`;
    const set = field.mapKey === ScalarType.STRING ? `setKey(${target}, k, v ?? ${missing});` : `${target}[k] = v ?? ${missing};`;
    return (
      `{ const e = r.enter(end); let k = ${keyZero}, v; while (r.pos < e) { const t = r.tag(); ` +
      `if (t === ${tagOf(1, keyWireType)}) k = r.${keyMethod}(); ` +
      `else if (t === ${tagOf(2, isMessage ? BYTES : wireTypeOf(field))}) v = ${value}; ` +
      `else r.drop(t, ${JSON.stringify(`${field.parent.typeName}.${field.name}`)}); } r.leave(e); ${set} }`
    );
  }

  /** An expression that reads a message and merges it into what `before` holds. */
  #readMessage(field: DescField, limit: string, before: string): string {
    if (isJsonObject(field)) return `readStruct(r, r.enter(${limit}), ${before === 'undefined' ? '{}' : `${before} ?? {}`})`;
    return `${this.#decoder(field.message!)}.read(r, r.enter(${limit}), ${before})`;
  }

  #emptyMessage(field: DescField): string {
    return isJsonObject(field) ? '{}' : `${this.#decoder(field.message!)}.create()`;
  }

  #decoder(type: DescMessage): string {
    let index = this.#needs.indexOf(type);
    if (index < 0) index = this.#needs.push(type) - 1;
    return `D${index}`;
  }
}

/** A Struct is a plain JSON object wherever a field holds one, except inside google.protobuf.Value. */
export function isJsonObject(field: DescField): boolean {
  return field.message?.typeName === 'google.protobuf.Struct' && field.parent.typeName !== 'google.protobuf.Value';
}

function readScalar(field: DescField): string {
  return field.scalar === undefined ? 'r.int32()' : `r.${SCALARS[field.scalar][0]}()`;
}

function wireTypeOf(field: DescField): number {
  return field.scalar === undefined ? VARINT : SCALARS[field.scalar][1];
}

function tagOf(number: number, wireType: number): number {
  return ((number << 3) | wireType) >>> 0;
}
