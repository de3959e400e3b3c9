import type { LookupFamily } from '../cluster-spec.ts';

export interface ResolvedAddress {
  /** An IP literal. */
  readonly host: string;
  /** 0: not known. */
  readonly ttlMs: number;
}

/** A name that does not exist, or has no such addresses, is an answer: an empty one. */
export type Resolution =
  | { readonly kind: 'answer'; readonly addresses: readonly ResolvedAddress[] }
  | { readonly kind: 'failure'; readonly reason: string };

/** Finds the addresses of a name. */
export interface NameResolver {
  /** Never rejects. */
  resolve(name: string, family: LookupFamily): Promise<Resolution>;
  /** Pending look-ups may still be answered. */
  close(): void;
}

/** Asks one address family. */
export type FamilyLookup = (family: 4 | 6) => Promise<Resolution>;

const NOTHING: Resolution = { kind: 'answer', addresses: [] };

/** What to ask in which order, and which answer counts (`dns_lookup_family`). */
export async function resolveFamilies(family: LookupFamily, lookup: FamilyLookup): Promise<Resolution> {
  switch (family) {
    case 'v4-only':
      return lookup(4);
    case 'v6-only':
      return lookup(6);
    case 'auto':
      return preferred(await lookup(6), () => lookup(4));
    case 'v4-preferred':
      return preferred(await lookup(4), () => lookup(6));
    case 'all':
      return joined(await Promise.all([lookup(4), lookup(6)]));
  }
}

async function preferred(first: Resolution, second: () => Promise<Resolution>): Promise<Resolution> {
  return first.kind === 'answer' && first.addresses.length > 0 ? first : second();
}

/** One family's answer suffices. */
function joined(resolutions: readonly Resolution[]): Resolution {
  const answers = resolutions.filter((resolution) => resolution.kind === 'answer');
  if (answers.length === 0) return resolutions[0] ?? NOTHING;
  return { kind: 'answer', addresses: answers.flatMap(({ addresses }) => addresses) };
}
