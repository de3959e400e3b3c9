/** What a client's Accept-Encoding makes of the compressors that could serve it (RFC 9110 §12.5.3, as Envoy reads it). */
export interface EncodingDecision {
  readonly encoding: string;
  readonly reason: 'valid' | 'identity' | 'wildcard' | 'not-valid';
}

const NOT_VALID: EncodingDecision = { encoding: 'identity', reason: 'not-valid' };

/** `available`: content encodings in the order of their filters; `chooseFirst`: those whose order settles a tie. */
export function chooseEncoding(acceptEncoding: string, available: readonly string[], chooseFirst: ReadonlySet<string>): EncodingDecision {
  let choice = 'identity';
  let best = 0;
  for (const token of acceptEncoding.split(',')) {
    const semicolon = token.indexOf(';');
    const encoding = (semicolon < 0 ? token : token.slice(0, semicolon)).trim();
    const weight = semicolon < 0 ? 1 : weightOf(token.slice(semicolon + 1));
    if (weight === undefined) return NOT_VALID;
    const usable = available.includes(encoding) || encoding === 'identity' || encoding === '*';
    if (!usable) continue;
    if (weight > best || (weight === best && best > 0 && comesFirst(encoding, choice, available, chooseFirst))) {
      choice = encoding;
      best = weight;
    }
  }
  if (best === 0) return NOT_VALID;
  if (choice === 'identity') return { encoding: choice, reason: 'identity' };
  if (choice === '*') return { encoding: available[0] ?? 'identity', reason: 'wildcard' };
  return { encoding: choice, reason: 'valid' };
}

function comesFirst(encoding: string, choice: string, available: readonly string[], chooseFirst: ReadonlySet<string>): boolean {
  return chooseFirst.has(encoding) && available.indexOf(encoding) < available.indexOf(choice);
}

/** Undefined: `q` is no number. */
function weightOf(parameters: string): number | undefined {
  const equals = parameters.indexOf('=');
  if (equals < 0 || parameters.slice(0, equals).trim().toLowerCase() !== 'q') return 1;
  const text = parameters.slice(equals + 1).trim();
  return /^[+-]?(\d+\.?\d*|\.\d+)$/.test(text) ? Number(text) : undefined;
}
