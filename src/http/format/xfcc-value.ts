import { headerName } from '../header-name.ts';
import { type Operator, type OperatorArguments, textOperator } from './operator.ts';

const XFCC = headerName('x-forwarded-client-cert');
const KEYS = new Set(['by', 'hash', 'cert', 'chain', 'subject', 'uri', 'dns']);

/** `%XFCC_VALUE(KEY)%`: what the first element of `x-forwarded-client-cert` that has such a pair says. A length cuts nothing. */
export function compileXfccValue({ params }: OperatorArguments): Operator | string {
  if (params === '') return 'XFCC_VALUE command requires a subcommand';
  const key = params.toLowerCase();
  if (!KEYS.has(key)) return `XFCC_VALUE command does not support subcommand: ${params}`;
  return textOperator(({ requestHeaders }) => {
    const header = requestHeaders?.getJoined(XFCC);
    return header === undefined || !closesQuotes(header) ? undefined : valueOf(header, key);
  });
}

function valueOf(header: string, key: string): string | undefined {
  for (const element of outsideQuotes(header, ',')) {
    for (const pair of outsideQuotes(element, ';')) {
      const [name = '', ...value] = pair.split('=');
      if (name.trim().toLowerCase() === key) return unquoted(value.join('=').trim());
    }
  }
  return undefined;
}

function unquoted(value: string): string {
  const inside = value.length > 1 && value.startsWith('"') && value.endsWith('"') ? value.slice(1, -1) : value;
  return inside.replaceAll('\\"', '"');
}

function outsideQuotes(text: string, separator: string): string[] {
  const parts: string[] = [];
  let start = 0;
  let quoted = false;
  for (let at = 0; at < text.length; at++) {
    if (isQuote(text, at)) quoted = !quoted;
    else if (!quoted && text[at] === separator) {
      parts.push(text.substring(start, at));
      start = at + 1;
    }
  }
  parts.push(text.substring(start));
  return parts;
}

function closesQuotes(text: string): boolean {
  let quoted = false;
  for (let at = 0; at < text.length; at++) if (isQuote(text, at)) quoted = !quoted;
  return !quoted;
}

function isQuote(text: string, at: number): boolean {
  return text[at] === '"' && text[at - 1] !== '\\';
}
