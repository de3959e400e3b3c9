import type { HeaderMap } from '../http/header-map.ts';

/** Header lines by lower-case name; a list stands for repeated lines when sent, and comes back joined with `, `. */
export type Fields = Readonly<Record<string, string>>;
export type FieldLines = Readonly<Record<string, string | readonly string[]>>;

/** A response as a test writes it. */
export interface MessageScript {
  readonly status?: number;
  readonly headers?: FieldLines;
  /** Text is latin1. A list becomes as many chunks. */
  readonly body?: string | Uint8Array | readonly (string | Uint8Array)[] | undefined;
  readonly trailers?: FieldLines | undefined;
  /** The message goes on: `data` or `trailersArrive` follow. */
  readonly more?: boolean;
}

export function chunksOf(body: MessageScript['body']): Buffer[] {
  if (body === undefined) return [];
  const list = typeof body === 'string' || body instanceof Uint8Array ? [body] : body;
  return list.map(bytesOf);
}

/** A copy of its own. */
export function bytesOf(body: string | Uint8Array): Buffer {
  return typeof body === 'string' ? Buffer.from(body, 'latin1') : Buffer.from(body);
}

export function linesOf(fields: FieldLines): [name: string, value: string][] {
  return Object.entries(fields).flatMap(([name, value]) => [value].flat().map((one): [string, string] => [name, one]));
}

export function addFields(map: HeaderMap, fields: FieldLines): void {
  for (const [name, value] of linesOf(fields)) map.addText(name, value);
}

export function fieldsOf(map: HeaderMap): Record<string, string> {
  const fields: Record<string, string> = {};
  map.forEach((name, value) => collect(fields, name, value));
  return fields;
}

export function collect(fields: Record<string, string>, name: string, value: string): void {
  fields[name] = name in fields ? `${fields[name]}, ${value}` : value;
}
