/** What was seen while a case ran, normalised: the thing that is recorded and compared. */

/** How one connection stood at the end: `here` means that the harness closed it first. */
export type ConnectionEnd = 'open' | 'closed' | 'reset' | 'closed here' | 'refused';

export interface Seen {
  /** Bytes as latin1, one entry for each CRLF-ended line. */
  readonly received: readonly string[];
  readonly end: ConnectionEnd;
  /** What a proxy that speaks TLS to an upstream has asked for and shown. */
  readonly tls?: string;
}

export interface AdminAnswer {
  readonly request: string;
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  /** Whether JSON came on one line; its members are sorted in `body`. */
  readonly layout: 'text' | 'compact' | 'indented';
  readonly body: readonly string[];
}

export interface Answer {
  readonly client: Readonly<Record<string, Seen>>;
  /** Connections of each upstream in the order they came. */
  readonly upstreams: Readonly<Record<string, readonly Seen[]>>;
  /** Access-log lines; a JSON line that survives a round trip is kept as a value. */
  readonly log: readonly unknown[];
  /** Counters and gauges that changed, and by how much. */
  readonly stats: Readonly<Record<string, number>>;
  readonly admin: readonly AdminAnswer[];
  /** A wait in the transcript that never ended. */
  readonly stuck?: string;
}

/** A configuration that the proxy refuses at load: one line for each problem, the field's path first. */
export interface Refusal {
  readonly refused: readonly string[];
}

export const isRefusal = (answer: object): answer is Refusal => 'refused' in answer;

/** The first places where two answers differ, as text; empty when they are equal. */
export const differences = (expected: unknown, actual: unknown, path = ''): string[] => {
  if (Object.is(expected, actual)) return [];
  const objects = typeof expected === 'object' && typeof actual === 'object' && expected !== null && actual !== null;
  if (!objects || Array.isArray(expected) !== Array.isArray(actual)) {
    return [`${path}: expected ${JSON.stringify(expected) ?? 'nothing'}, got ${JSON.stringify(actual) ?? 'nothing'}`];
  }
  const left = expected as Record<string, unknown>;
  const right = actual as Record<string, unknown>;
  const keys = [...new Set([...Object.keys(left), ...Object.keys(right)])];
  return keys.flatMap((key) => differences(left[key], right[key], path === '' ? key : `${path}.${key}`));
};
