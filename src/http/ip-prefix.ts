import type { CidrRange } from '../api/generated/envoy/config/core/v3.ts';
import type { CompileContext } from '../core/extension.ts';
import type { ConfigPath } from '../core/problems.ts';
import type { Address } from '../transport/transport.ts';
import { ipAddressBytes, maskedAddressText } from './format/address-mask.ts';

/** A network: an address and how many of its leading bits count. */
export interface IpPrefix {
  /** 4 or 16, and zero behind the prefix. */
  readonly bytes: Uint8Array;
  readonly bits: number;
  /** `10.0.0.0/8`. */
  readonly text: string;
}

/** Undefined after reporting what is wrong. */
export function compileIpPrefix(range: Pick<CidrRange, 'addressPrefix' | 'prefixLen'>, at: ConfigPath, context: CompileContext): IpPrefix | undefined {
  const bytes = ipAddressBytes(range.addressPrefix);
  if (bytes === undefined) {
    context.error(at, `malformed IP address: ${range.addressPrefix}`);
    return undefined;
  }
  const bits = Math.min(range.prefixLen ?? 0, bytes.length * 8);
  return { bytes: masked(bytes, bits), bits, text: maskedAddressText(bytes, bits) };
}

/** Values by network; a look-up finds that of the longest prefix. */
export class IpPrefixMap<Value> {
  /** Prefix lengths in use, longest first, by family. */
  readonly #v4: { readonly bits: number; readonly values: Map<string, Value> }[] = [];
  readonly #v6: { readonly bits: number; readonly values: Map<string, Value> }[] = [];

  get(prefix: IpPrefix): Value | undefined {
    return this.#level(prefix)?.values.get(keyOf(prefix.bytes, prefix.bits));
  }

  set(prefix: IpPrefix, value: Value): void {
    let level = this.#level(prefix);
    if (level === undefined) {
      level = { bits: prefix.bits, values: new Map() };
      const levels = this.#levels(prefix.bytes);
      levels.push(level);
      levels.sort((a, b) => b.bits - a.bits);
    }
    level.values.set(keyOf(prefix.bytes, prefix.bits), value);
  }

  find(address: Uint8Array): Value | undefined {
    for (const { bits, values } of this.#levels(address)) {
      const value = values.get(keyOf(address, bits));
      if (value !== undefined) return value;
    }
    return undefined;
  }

  #levels(bytes: Uint8Array): { readonly bits: number; readonly values: Map<string, Value> }[] {
    return bytes.length === 4 ? this.#v4 : this.#v6;
  }

  #level({ bytes, bits }: IpPrefix): { readonly values: Map<string, Value>; readonly bits: number } | undefined {
    return this.#levels(bytes).find((level) => level.bits === bits);
  }
}

/** Whether an address lies in one of some networks. */
export class IpPrefixSet {
  readonly #prefixes = new IpPrefixMap<true>();

  constructor(prefixes: Iterable<IpPrefix>) {
    for (const prefix of prefixes) this.#prefixes.set(prefix, true);
  }

  has(address: Address): boolean {
    const bytes = addressBytes(address);
    return bytes !== undefined && this.hasBytes(bytes);
  }

  hasBytes(bytes: Uint8Array): boolean {
    return this.#prefixes.find(bytes) === true;
  }
}

/** `at` is that of the list. */
export function compileIpPrefixSet(ranges: readonly Pick<CidrRange, 'addressPrefix' | 'prefixLen'>[], at: ConfigPath, context: CompileContext): IpPrefixSet {
  const prefixes = ranges.map((range, index) => compileIpPrefix(range, at.index(index), context));
  return new IpPrefixSet(prefixes.filter((prefix) => prefix !== undefined));
}

/** Undefined for a Unix socket. */
export function addressBytes(address: Address): Uint8Array | undefined {
  return address.kind === 'ip' ? ipAddressBytes(address.host) : undefined;
}

export function isLoopback(address: Address): boolean {
  const bytes = addressBytes(address);
  if (bytes === undefined) return false;
  return bytes.length === 4 ? bytes[0] === 127 : bytes[15] === 1 && bytes.subarray(0, 15).every((byte) => byte === 0);
}

/** A connection from this machine: over a Unix socket, from a loopback address, or from the address that it came to. */
export function isSameIpOrLoopback(remote: Address, local: Address): boolean {
  return remote.kind === 'pipe' || isLoopback(remote) || remote.host === local.host;
}

function masked(bytes: Uint8Array, bits: number): Uint8Array {
  return bytes.map((byte, at) => byte & (0xff00 >> Math.max(0, Math.min(8, bits - at * 8))));
}

function keyOf(bytes: Uint8Array, bits: number): string {
  let key = '';
  for (let at = 0; at * 8 < bits; at++) key += String.fromCharCode(bytes[at]! & (0xff00 >> Math.min(8, bits - at * 8)));
  return key;
}
