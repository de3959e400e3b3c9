import type { Timers } from '../core/timers.ts';
import { createDirectTransport } from './direct-transport.ts';
import { createPublicTransport } from './public-transport.ts';
import { testTransport } from './self-test.ts';
import type { Transport } from './transport.ts';

export const TRANSPORT_CHOICES = ['auto', 'direct', 'public'] as const;
export type TransportChoice = (typeof TRANSPORT_CHOICES)[number];

export interface TransportSelection {
  readonly name: Transport['name'];
  /** Why, for `/server_info` and the log. */
  readonly reason: string;
}

const IMPOSSIBLE = 'the sockets of this Node are built differently';

let verdict: Promise<string | undefined> | undefined;

/**
 * Which transport the process uses. The main thread asks once and gives the name to its worker threads. A `direct` that
 * was asked for and is impossible becomes `public`: the caller compares and warns.
 */
export async function selectTransport(choice: TransportChoice, timers: Timers): Promise<TransportSelection> {
  if (choice === 'public') return { name: 'public', reason: 'asked for' };
  const direct = createDirectTransport({ timers });
  if (direct === undefined) return { name: 'public', reason: `direct is not possible: ${IMPOSSIBLE}` };
  if (choice === 'direct') return { name: 'direct', reason: 'asked for' };
  verdict ??= testTransport(direct, timers);
  return describeVerdict(await verdict);
}

/** What a self-test of the direct transport means. */
export function describeVerdict(fault: string | undefined): TransportSelection {
  if (fault === undefined) return { name: 'direct', reason: 'passed its self-test' };
  return { name: 'public', reason: `direct failed its self-test: ${fault}` };
}

/** Makes what was selected, without a test. */
export function createTransport(name: Transport['name'], timers: Timers): Transport {
  if (name === 'public') return createPublicTransport({ timers });
  const direct = createDirectTransport({ timers });
  if (direct === undefined) throw new Error(`selected a transport that is not possible: ${IMPOSSIBLE}`);
  return direct;
}
