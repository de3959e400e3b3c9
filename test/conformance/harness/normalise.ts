/**
 * What must differ from run to run becomes a name. Each rule below has a name and says what it is for; a text that the case
 * itself sends is never replaced, so that "kept" and "made anew" stay apart.
 */

import { networkInterfaces } from 'node:os';
import type { Mask } from './case.ts';

export interface Names {
  /** Port number → its name: `ingress`, `origin`, `admin`, `a` (a client connection), `origin.1` (a connection to it). */
  readonly ports: ReadonlyMap<number, string>;
  /** Path → its name: `log`, `dir`. */
  readonly paths: ReadonlyMap<string, string>;
  /** Everything the case says, as one text. */
  readonly said: string;
  readonly masks: readonly Mask[];
}

interface Rule {
  readonly name: string;
  readonly apply: (text: string, names: Names, seen: string[]) => string;
}

const kept = (found: string, names: Names): boolean => names.said.includes(found);

const replaceUnlessSaid = (text: string, names: Names, pattern: RegExp, to: string): string =>
  text.replace(pattern, (whole, value: string) => (kept(value, names) ? whole : whole.replace(value, to)));

/** The machine's own addresses: Envoy puts one of them into x-forwarded-for for a client on the loopback. */
const ownAddresses = (): string[] =>
  Object.values(networkInterfaces()).flatMap((list) => (list ?? []).filter((one) => !one.internal).map((one) => one.address));

const OWN = ownAddresses();

/** Without such an address the loopback's stands in its place. */
const replaceOwn = (text: string, names: Names): string =>
  OWN.length === 0
    ? text.replace(/^(x-forwarded-for: (?:.*,)?)127\.0\.0\.1$/gim, '$1{{own-address}}')
    : OWN.reduce((all, address) => (kept(address, names) ? all : all.replaceAll(address, '{{own-address}}')), text);

const RULES: readonly Rule[] = [
  {
    name: 'path: temporary files',
    apply: (text, names) => [...names.paths].reduce((all, [path, name]) => all.replaceAll(path, `{{${name}}}`), text),
  },
  {
    name: 'port: of listeners, upstreams, admin and connections',
    apply: (text, names) =>
      text.replace(/(?<![\d.a-f-])\d{4,5}(?![\d.])/g, (digits) => {
        const name = names.ports.get(Number(digits));
        return name === undefined ? digits : `{{port:${name}}}`;
      }),
  },
  {
    name: 'port: of connections nobody here opened',
    apply: (text, names) => replaceUnlessSaid(text, names, /127\.0\.0\.1:(\d{4,5})\b/g, '{{port}}'),
  },
  {
    name: 'uuid: numbered in order, with the digit that tells why it is traced',
    apply: (text, names, seen) =>
      text.replace(/\b[0-9a-f]{8}-[0-9a-f]{4}-([0-9a-f])[0-9a-f]{3}-[0-9a-f]{4}-[0-9a-f]{12}\b/g, (uuid, reason: string) => {
        if (kept(uuid, names)) return uuid;
        if (!seen.includes(uuid)) seen.push(uuid);
        return `{{uuid-${seen.indexOf(uuid) + 1}:${reason}}}`;
      }),
  },
  {
    name: 'date: HTTP dates',
    apply: (text, names) =>
      replaceUnlessSaid(text, names, /\b([A-Z][a-z]{2}, \d\d [A-Z][a-z]{2} \d{4} \d\d:\d\d:\d\d GMT)/g, '{{date}}'),
  },
  {
    name: 'time: RFC 3339 times',
    apply: (text, names) => replaceUnlessSaid(text, names, /\b(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?Z)/g, '{{time}}'),
  },
  {
    name: 'service-time: milliseconds an upstream took',
    apply: (text) => text.replace(/^(x-envoy-upstream-service-time: )\d+/gim, '$1{{ms}}'),
  },
  {
    name: 'own-address: an address of this machine',
    apply: replaceOwn,
  },
  {
    name: 'version: of the program',
    apply: (text) => text.replace(/\b[0-9a-f]{40}\/1\.40\.0\/[\w/]+/g, '{{version}}'),
  },
  {
    name: 'run: a character many times',
    apply: (text) => text.replace(/([^\d\s])\1{199,}/g, (run, char: string) => `{{${char}*${run.length}}}`),
  },
];

export class Normaliser {
  readonly #names: Names;
  readonly #uuids: string[] = [];

  constructor(names: Names) {
    this.#names = names;
  }

  text(text: string): string {
    const ruled = RULES.reduce((all, rule) => rule.apply(all, this.#names, this.#uuids), text);
    return this.#names.masks.reduce((all, mask) => all.replace(mask.match, mask.to), ruled);
  }

  lines(text: string): string[] {
    return text === '' ? [] : this.text(text).split('\r\n');
  }
}

/** Counters and gauges that tell about the process or the machine instead of the case. */
const NOISE = [
  /^(server|runtime|filesystem|main_thread|workers|listener_manager|cluster_manager|dns|thread_local|overload)\./,
  /^(listener|http)\.admin\./,
  // Ports and times of varying length count into these.
  /_(rx|tx)_bytes_(total|buffered)$/,
  /\.dispatcher\./,
  // How well a library compresses depends on how the body came in pieces.
  /\.total_compressed_bytes$/,
  /\.update_time$/,
  // Node does not tell which signature a peer has made.
  /\.ssl\.sigalgs\./,
];

export const countsForCase = (stat: string): boolean => !NOISE.some((pattern) => pattern.test(stat));
