import type { RateLimit_HitsAddend as HitsAddend } from '../../api/generated/envoy/config/route/v3.ts';
import type { CompileContext } from '../../core/extension.ts';
import type { ConfigPath } from '../../core/problems.ts';
import { compileFormatBytes } from '../format/format.ts';
import type { RateLimitedRequest } from './descriptor.ts';

/** How much a request counts; undefined when what it says is no number, so that it is not counted. */
export type Hits = (request: RateLimitedRequest) => number | undefined;

/** `hits_addend`; undefined = one hit. */
export function compileHits(message: HitsAddend | undefined, at: ConfigPath, context: CompileContext): Hits | undefined {
  if (message === undefined || (message.number === undefined && message.format === '')) return undefined;
  const sign = message.isNegativeHits ? -1 : 1;
  if (message.number !== undefined) {
    if (message.format !== '') context.error(at, 'hits_addend must contain either a format or a number');
    const hits = sign * Number(message.number);
    return () => hits;
  }
  const format = compileFormatBytes(message.format, at.field('format'), context);
  return format && (({ info, headers }) => {
    const text = format.format({ info, requestHeaders: headers, responseHeaders: undefined });
    return NUMBER.test(text) ? sign * Math.trunc(Number(text)) : undefined;
  });
}

const NUMBER = /^\d{1,15}(\.\d{1,15})?$/;
