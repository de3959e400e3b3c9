import type { UriTemplateMatchConfig } from '../api/generated/envoy/extensions/path/match/uri_template/v3.ts';
import type { Extension } from '../core/extension.ts';
import { compileRegex } from '../core/regex.ts';

/** Whether a path has the form of a template; what follows the path is left out. */
export type PathMatcher = (path: string) => boolean;

/** `/videos/{id}/*.m3u8` and the like. Envoy's sentences, and its limits. */
export const uriTemplateMatcherExtension: Extension<UriTemplateMatchConfig, PathMatcher> = {
  name: 'envoy.path.match.uri_template.uri_template_matcher',
  category: 'envoy.path.match',
  configType: 'envoy.extensions.path.match.uri_template.v3.UriTemplateMatchConfig',
  compile({ pathTemplate }, at, context) {
    const result = templatePattern(pathTemplate);
    if ('fault' in result) {
      context.error(at.field('path_template'), `path_match_policy.path_template ${pathTemplate} is invalid: ${result.fault}`);
      return () => false;
    }
    const regex = compileRegex(result.pattern);
    if ('test' in regex) return (path) => regex.test(path);
    context.warning(at.field('path_template'), `${pathTemplate} matches nothing, as in Envoy: ${regex.error}`);
    return () => false;
  },
};

const MAX_VARIABLES = 5;
const MAX_NAME_LENGTH = 16;
/** What a segment consists of (RFC 3986 §3.3). */
const LITERAL = "a-zA-Z0-9-._~%!$&'()+,;:@=*";
const VALID_LITERAL = new RegExp(`^[${LITERAL}]+$`);
const VALID_NAME = /^[a-zA-Z][a-zA-Z0-9_]*$/;
const SEGMENT = `[${LITERAL}]+`;
const REST = `[${LITERAL}/]*`;

type Result = { readonly pattern: string } | { readonly fault: string };

type Glob = '*' | '**';

/** Of a segment: as it is, whatever there is, or a part with a name. */
type Part = { readonly literal: string } | { readonly glob: Glob } | Variable;

interface Variable {
  readonly name: string;
  /** Empty: as `*`. */
  readonly match: readonly Exclude<Part, Variable>[];
  readonly prefix: string;
  readonly suffix: string;
}

interface Fault {
  readonly fault: string;
}

/** RE2's syntax of what a template matches. */
export function templatePattern(template: string): Result {
  if (!/^\/[!-~]*$/.test(template)) return { fault: `Invalid pattern: "${template}"` };
  const parts: Part[] = [];
  let end = '';
  for (let rest = template.substring(1); rest !== ''; ) {
    const read = readPart(rest);
    if ('fault' in read) return read;
    parts.push(read.part);
    rest = read.rest;
    if (rest === '/') parts.push({ literal: '' });
    if (rest === '' || rest === '/') break;
    if (rest.startsWith('/')) {
      rest = rest.substring(1);
      continue;
    }
    const literal = readLiteral(rest);
    if ('fault' in literal) return literal;
    if (literal.rest !== '') return { fault: 'Prefix match not supported.' };
    end = rest;
    break;
  }
  const fault = nameFault(parts) ?? globFault(parts);
  return fault === undefined ? { pattern: `/${parts.map(patternOf).join('/')}${literalPattern(end)}` } : { fault };
}

interface Read<T> {
  readonly part: T;
  readonly rest: string;
}

function readPart(text: string): Read<Part> | Fault {
  if (text.startsWith('*')) return readGlob(text);
  const segment = text.split('/', 1)[0]!;
  return text.startsWith('{') || (segment.includes('{') && segment.includes('}')) ? readVariable(text) : readLiteral(text);
}

function readGlob(text: string): Read<{ readonly glob: Glob }> {
  const glob = text.startsWith('**') ? '**' : '*';
  return { part: { glob }, rest: text.substring(glob.length) };
}

function readLiteral(text: string): Read<{ readonly literal: string }> | Fault {
  const literal = text.split('/', 1)[0]!;
  return VALID_LITERAL.test(literal) ? { part: { literal }, rest: text.substring(literal.length) } : { fault: `Invalid literal: "${literal}"` };
}

/** `v{name}`, `{name=a/*}.json` */
function readVariable(text: string): Read<Variable> | Fault {
  const open = text.indexOf('{');
  const close = text.indexOf('}', open);
  if (close < 0) return { fault: `Unmatched variable bracket in mixed pattern: "${text}"` };
  const prefix = text.substring(0, open);
  const suffix = text.substring(close + 1).split('/', 1)[0]!;
  if (prefix !== '' && !VALID_LITERAL.test(prefix)) return { fault: `Invalid prefix literal: "${prefix}"` };
  if (suffix !== '' && !VALID_LITERAL.test(suffix)) return { fault: `Invalid suffix literal: "${suffix}"` };
  const content = text.substring(open + 1, close);
  const equals = content.indexOf('=');
  const name = equals < 0 ? content : content.substring(0, equals);
  if (!VALID_NAME.test(name)) return { fault: `Invalid variable name: "${name}"` };
  const match = equals < 0 ? [] : readMatch(content.substring(equals + 1));
  return 'fault' in match ? match : { part: { name, match, prefix, suffix }, rest: text.substring(close + 1 + suffix.length) };
}

function readMatch(text: string): Exclude<Part, Variable>[] | Fault {
  if (text === '') return { fault: 'Empty variable match' };
  const parts: Exclude<Part, Variable>[] = [];
  for (let rest = text; ; rest = rest.substring(1)) {
    const read = rest.startsWith('*') ? readGlob(rest) : readLiteral(rest);
    if ('fault' in read) return read;
    parts.push(read.part);
    rest = read.rest;
    if (rest === '') return parts;
    if (!rest.startsWith('/') || rest === '/') return { fault: `Invalid variable match: "${rest}"` };
  }
}

function nameFault(parts: readonly Part[]): string | undefined {
  const names = new Set<string>();
  for (const part of parts) {
    if (!('name' in part)) continue;
    const { name } = part;
    if (names.size >= MAX_VARIABLES) return `Exceeded variable count limit (${MAX_VARIABLES})`;
    if (name.length > MAX_NAME_LENGTH) return `Invalid variable name length (length of "${name}" should be at least 1 and no more than ${MAX_NAME_LENGTH})`;
    if (names.has(name)) return `Repeated variable name: "${name}"`;
    names.add(name);
  }
  return undefined;
}

/** Behind `**` nothing else is open. */
function globFault(parts: readonly Part[]): string | undefined {
  let isOver = false;
  for (const part of parts) {
    if ('name' in part && part.match.length === 0 && isOver) return 'Implicit variable path glob after text glob.';
    for (const one of 'name' in part ? part.match : [part]) {
      if (!('glob' in one)) continue;
      if (isOver) return 'Glob after text glob.';
      isOver = one.glob === '**';
    }
  }
  return undefined;
}

function patternOf(part: Part): string {
  if ('literal' in part) return literalPattern(part.literal);
  if ('glob' in part) return part.glob === '*' ? SEGMENT : REST;
  const match = part.match.length === 0 ? SEGMENT : part.match.map(patternOf).join('/');
  return `${literalPattern(part.prefix)}(?P<${part.name}>${match})${literalPattern(part.suffix)}`;
}

/** As Envoy escapes it: a `*` in it repeats the letter before it. */
function literalPattern(text: string): string {
  return text.replace(/[$()+.]/g, '\\$&');
}
