/** Elements of DER (X.690 §8) by their places; what is none makes these functions throw a RangeError. */

export interface Element {
  readonly tag: number;
  /** Where it begins, and what it holds. */
  readonly at: number;
  readonly start: number;
  readonly end: number;
}

export function children(der: Buffer, { start, end }: Pick<Element, 'start' | 'end'>): Element[] {
  const found: Element[] = [];
  for (let at = start; at < end; ) {
    const element = readElement(der, at, end);
    found.push(element);
    at = element.end;
  }
  return found;
}

/** The element that begins at `at`, and ends at `limit` or before. */
export function readElement(der: Buffer, at: number, limit: number): Element {
  const tag = der[at]!;
  let length = der[at + 1]!;
  let start = at + 2;
  if (length >= 0x80) {
    const size = length & 0x7f;
    if (size === 0 || size > 4) throw new RangeError('not DER');
    length = der.readUIntBE(start, size);
    start += size;
  }
  // Of bytes that are not there nothing holds.
  if (!(start + length <= limit)) throw new RangeError('not DER');
  return { tag, at, start, end: start + length };
}

/** As 2.5.29.17. */
export function oidText(der: Buffer, { start, end }: Element): string {
  const parts: number[] = [];
  let value = 0;
  for (let at = start; at < end; at++) {
    value = value * 128 + (der[at]! & 127);
    if (der[at]! < 128) {
      parts.push(value);
      value = 0;
    }
  }
  const [first = 0, ...rest] = parts;
  const root = Math.min(2, Math.floor(first / 40));
  return [root, first - root * 40, ...rest].join('.');
}

/** What an extension (RFC 5280 §4.1) holds stands in an octet string. */
export interface Extension {
  readonly id: string;
  readonly isCritical: boolean;
  readonly octets: Element;
}

/** DER leaves out what is false. */
export const BOOLEAN = 0x01;

/** Of the sequence of them. */
export function readExtensions(der: Buffer, list: Element): Extension[] {
  return children(der, list).map((each) => {
    const parts = children(der, each);
    return { id: oidText(der, parts[0]!), isCritical: parts[1]?.tag === BOOLEAN, octets: parts.at(-1)! };
  });
}
