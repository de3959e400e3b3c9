/** Sorts pairs of verdicts and prints them. */

import type { Resource } from './resource.ts';
import type { Cause, EnvoyVerdict, NuncioVerdict } from './verdict.ts';
import { causeOf } from './verdict.ts';

interface Case {
  readonly place: string;
  readonly says: string;
}

const SHOWN_CASES = 200;

export class Tally {
  judged = 0;
  accepted = 0;
  refused = 0;
  readonly bugs: Case[] = [];
  readonly onlyHere: Case[] = [];
  readonly crashes: Case[] = [];
  /** Taken by nuncio, and refused by Envoy for the machine's sake or for a type it was built without; or Envoy crashed. */
  readonly setAside: Case[] = [];
  readonly schemaDifferences: Case[] = [];
  unsupported = 0;
  schemaDecided = 0;
  /** By cause, then what it is: how many resources it keeps out. */
  readonly reasons: Record<Exclude<Cause, 'bug'>, Map<string, number>> = { extension: new Map(), field: new Map() };

  get failed(): boolean {
    return this.bugs.length + this.onlyHere.length + this.crashes.length > 0;
  }

  get compared(): number {
    return this.judged - this.setAside.length;
  }

  add({ place }: Resource, envoy: EnvoyVerdict, nuncio: NuncioVerdict): void {
    this.judged += 1;
    if (nuncio.kind === 'crashed') {
      this.crashes.push({ place, says: nuncio.message });
      return;
    }
    if (envoy.kind === 'crashed') {
      this.setAside.push({ place, says: `Envoy crashed: ${envoy.message}` });
      return;
    }
    this.#addSchema(place, envoy, nuncio.schema);
    if (envoy.kind === 'accepted') this.#addAccepted(place, nuncio.problems);
    else if (nuncio.problems.length > 0) this.refused += 1;
    else if (envoy.stage === 'surroundings' || envoy.stage === 'type') this.setAside.push({ place, says: envoy.message });
    else this.onlyHere.push({ place, says: envoy.message });
  }

  #addAccepted(place: string, problems: readonly string[]): void {
    if (problems.length === 0) {
      this.accepted += 1;
      return;
    }
    const causes = problems.map(causeOf);
    const faults = causes.filter(({ cause }) => cause === 'bug');
    if (faults.length > 0) {
      this.bugs.push({ place, says: faults.map(({ what }) => what).slice(0, 3).join('\n      ') });
      return;
    }
    this.unsupported += 1;
    for (const { cause, what } of new Map(causes.map((one) => [one.what, one])).values()) {
      const reasons = this.reasons[cause as Exclude<Cause, 'bug'>];
      reasons.set(what, (reasons.get(what) ?? 0) + 1);
    }
  }

  /**
   * Envoy decodes and validates an extension's configuration when it comes to it, and stops at the first fault. So where it
   * refused for another reason and nuncio names a fault of the schema, nobody knows what Envoy would have said of that.
   */
  #addSchema(place: string, envoy: Exclude<EnvoyVerdict, { kind: 'crashed' }>, problems: readonly string[]): void {
    const theirs = schemaVerdict(envoy);
    const ours = problems.length === 0 ? 'sound' : 'broken';
    if (theirs === 'unknown' && ours === 'broken') return;
    // A type that is known here and not to this Envoy: one of Solo's.
    if (envoy.kind === 'refused' && envoy.stage === 'type' && ours === 'sound') return;
    this.schemaDecided += 1;
    if (theirs !== 'unknown' && theirs !== ours) {
      const says = envoy.kind === 'accepted' ? `only nuncio: ${problems.join('\n      ')}` : `only Envoy: ${envoy.message}`;
      this.schemaDifferences.push({ place, says });
    }
  }
}

const schemaVerdict = (envoy: Exclude<EnvoyVerdict, { kind: 'crashed' }>): 'sound' | 'broken' | 'unknown' => {
  if (envoy.kind === 'accepted') return 'sound';
  return envoy.stage === 'schema' || envoy.stage === 'type' ? 'broken' : 'unknown';
};

const list = (title: string, cases: readonly Case[]): string[] => {
  if (cases.length === 0) return [];
  const lines = cases.slice(0, SHOWN_CASES).map(({ place, says }) => `  ${place}\n      ${says}`);
  const more = cases.length > SHOWN_CASES ? [`  ${cases.length - SHOWN_CASES} more`] : [];
  return [`${title}: ${cases.length}`, ...lines, ...more];
};

const reasons = (title: string, counts: ReadonlyMap<string, number>): string[] => {
  const lines = [...counts].sort(([a, m], [b, n]) => n - m || (a < b ? -1 : 1)).map(([what, count]) => `  ${String(count).padStart(5)}  ${what}`);
  return lines.length === 0 ? [] : [title, ...lines];
};

const agreement = ({ schemaDecided, schemaDifferences }: Tally): string => {
  const alike = schemaDecided - schemaDifferences.length;
  const percent = schemaDecided === 0 ? 100 : (alike / schemaDecided) * 100;
  return `schema stage (decoding and validation rules): ${alike} of ${schemaDecided} alike, ${percent.toFixed(2)} %`;
};

export const report = (tally: Tally): string => {
  const { compared, accepted, refused, unsupported, bugs, onlyHere, crashes, setAside } = tally;
  const refusedHere = unsupported + bugs.length;
  return [
    `same verdict: ${accepted + refused} (${accepted} accepted, ${refused} refused)`,
    ...reasons('refused only here, unsupported extension (resources each keeps out)', tally.reasons.extension),
    ...reasons('refused only here, unsupported field (resources each keeps out)', tally.reasons.field),
    ...list('refused only here, bug', bugs),
    ...list('accepted only here', onlyHere),
    ...list('schema stage differs', tally.schemaDifferences),
    ...list('not compared: Envoy lacks a file, a feature of the machine or a type, or it crashed', setAside),
    ...list('crashes', crashes),
    agreement(tally),
    `${compared} resources: ${accepted + refused} same verdict, ${refusedHere} refused only here (${unsupported} unsupported, ${bugs.length} bugs), ${onlyHere.length} accepted only here, ${crashes.length} crashes`,
  ].join('\n');
};
