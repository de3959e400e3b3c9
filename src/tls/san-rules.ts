import { SubjectAltNameMatcher_SanType as SanType, type SubjectAltNameMatcher } from '../api/generated/envoy/extensions/transport_sockets/tls/v3.ts';
import type { CompileContext } from '../core/extension.ts';
import type { ConfigPath } from '../core/problems.ts';
import { compileStringMatcher, type StringMatcher } from '../http/matcher/string-matcher.ts';
import type { SubjectAltName } from './x509.ts';

/** What is asked of a name in a certificate. */
export interface SanRule {
  readonly kind: SubjectAltName['kind'];
  readonly matcher: StringMatcher;
  /** An exact DNS name, which a wildcard of the certificate may cover; '' otherwise. */
  readonly exactDns: string;
  readonly oid: string;
}

const KINDS: Readonly<Record<number, SubjectAltName['kind']>> = {
  [SanType.EMAIL]: 'email',
  [SanType.DNS]: 'dns',
  [SanType.URI]: 'uri',
  [SanType.IP_ADDRESS]: 'ip',
  [SanType.OTHER_NAME]: 'other',
};

/** Undefined after reporting what is wrong. */
export function compileSanRule(message: SubjectAltNameMatcher, at: ConfigPath, context: CompileContext): SanRule | undefined {
  const kind = KINDS[message.sanType];
  const matcher = message.matcher && compileStringMatcher(message.matcher, at.field('matcher'), context);
  if (kind === undefined || matcher === undefined) return undefined;
  if (kind === 'other' && message.oid === '') context.error(at, 'Failed to create string SAN matcher');
  const exact = message.matcher!.matchPattern;
  return { kind, matcher, exactDns: kind === 'dns' && exact.case === 'exact' ? exact.value.toLowerCase() : '', oid: message.oid };
}

/** The older form names no type: a rule for each. */
export function compileUntypedSanRules(message: NonNullable<SubjectAltNameMatcher['matcher']>, at: ConfigPath, context: CompileContext): SanRule[] {
  const matcher = compileStringMatcher(message, at, context);
  if (matcher === undefined) return [];
  const { matchPattern } = message;
  const exactDns = matchPattern.case === 'exact' ? matchPattern.value.toLowerCase() : '';
  return (['dns', 'uri', 'email', 'ip'] as const).map((kind) => ({ kind, matcher, exactDns: kind === 'dns' ? exactDns : '', oid: '' }));
}

export function sanMatches({ kind, matcher, exactDns, oid }: SanRule, name: SubjectAltName): boolean {
  if (name.kind !== kind || (kind === 'other' && name.oid !== oid)) return false;
  return exactDns === '' ? matcher.matches(name.value) : dnsCovers(name.value, exactDns);
}

/** RFC 6125 §6.4: a wildcard stands for a part of the leftmost label. */
export function dnsCovers(pattern: string, name: string): boolean {
  const wanted = name.toLowerCase();
  const given = pattern.toLowerCase();
  if (given === wanted) return true;
  const dot = given.indexOf('.');
  const label = given.substring(0, dot);
  const star = label.indexOf('*');
  if (dot === -1 || star === -1 || star !== label.lastIndexOf('*') || label.startsWith('xn--')) return false;
  const nameDot = wanted.indexOf('.');
  if (nameDot === -1 || wanted.substring(nameDot) !== given.substring(dot)) return false;
  const first = wanted.substring(0, nameDot);
  const before = label.substring(0, star);
  const after = label.substring(star + 1);
  return first !== '' && first.length >= before.length + after.length && first.startsWith(before) && first.endsWith(after);
}
