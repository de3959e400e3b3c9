import { MetadataSource, type Permission, type Policy, type Principal, RBAC_Action as Action, type RBAC } from '../../api/generated/envoy/config/rbac/v3.ts';
import type { CidrRange } from '../../api/generated/envoy/config/core/v3.ts';
import { type AnyMessage, type Category, type CompileContext, serviceKey } from '../../core/extension.ts';
import type { ConfigPath } from '../../core/problems.ts';
import { celAttributes } from '../cel/attributes.ts';
import { compileCelMessage } from '../cel/program.ts';
import { HeaderMap } from '../header-map.ts';
import { compileIpPrefix, IpPrefixSet } from '../ip-prefix.ts';
import { compileFilterStateMatcher } from '../matcher/filter-state-matcher.ts';
import { compileHeaderMatcher } from '../matcher/header-matcher.ts';
import { compileMetadataMatcher, compileRouteMetadataMatcher } from '../matcher/metadata-matcher.ts';
import { compileStringMatcher, type StringMatcher } from '../matcher/string-matcher.ts';
import type { StreamInfo } from '../stream-info.ts';
import type { Address } from '../../transport/transport.ts';
import type { PathMatcher } from '../uri-template.ts';

/** What is judged: a request, or a connection without one. */
export interface RbacSubject {
  readonly info: StreamInfo;
  readonly headers: HeaderMap | undefined;
}

export type RbacRule = (subject: RbacSubject) => boolean;

/** `policy` names the one that decided; '' when none matched. */
export interface RbacVerdict {
  readonly allowed: boolean;
  readonly policy: string;
}

/** Compiled rules or a compiled matcher. */
export interface RbacEngine {
  judge(subject: RbacSubject): RbacVerdict;
}

/** What the action LOG tells access log filters; shadow engines do not. */
export function tellAccessLogHint(info: StreamInfo, isLogged: boolean): void {
  info.mergeMetadata('envoy.common', { access_log_hint: isLogged });
}

interface CompiledPolicy {
  readonly name: string;
  readonly permission: RbacRule;
  readonly principal: RbacRule;
  readonly condition: RbacRule;
}

/** Compiles `envoy.config.rbac.v3.RBAC`. Policies are tried in the order of their names. */
export function compileRbacRules(message: RBAC, at: ConfigPath, context: CompileContext, isShadow: boolean): RbacEngine {
  const policies: CompiledPolicy[] = Object.keys(message.policies)
    .sort()
    .map((name) => {
      const policy = message.policies[name]!;
      const policyAt = at.field('policies').key(name);
      return {
        name,
        permission: anyOf(policy.permissions.map((one, index) => compilePermission(one, policyAt.field('permissions').index(index), context))),
        principal: anyOf(policy.principals.map((one, index) => compilePrincipal(one, policyAt.field('principals').index(index), context))),
        condition: compileCondition(policy, policyAt, context),
      };
    });
  const { action } = message;
  return {
    judge(subject) {
      const match = policies.find(({ permission, principal, condition }) => permission(subject) && principal(subject) && condition(subject));
      if (action === Action.LOG && !isShadow) tellAccessLogHint(subject.info, match !== undefined);
      const allowed = action === Action.LOG || (match !== undefined) === (action === Action.ALLOW);
      return { allowed, policy: match?.name ?? '' };
    },
  };
}

/** What cannot be evaluated does not hold. Of the node nothing is told here. */
function compileCondition({ condition, checkedCondition, celConfig }: Policy, at: ConfigPath, context: CompileContext): RbacRule {
  if (checkedCondition !== undefined) context.warning(at.field('checked_condition'), 'has no effect, as in Envoy: use condition');
  if (condition === undefined) return always;
  const program = compileCelMessage(condition, { config: celConfig, attributes: celAttributes(undefined), warn: (message) => context.warning(at.field('condition'), message) });
  if (typeof program !== 'string') return ({ info, headers }) => program({ info, requestHeaders: headers, responseHeaders: undefined }) === true;
  context.error(at.field('condition'), program);
  return never;
}

/** Whether there are requests to judge, with headers, or connections alone. */
export const JUDGES_REQUESTS = serviceKey<boolean>('judges requests', true);

const never: RbacRule = () => false;
const always: RbacRule = () => true;

function anyOf(rules: readonly RbacRule[]): RbacRule {
  return rules.length === 1 ? rules[0]! : (subject) => rules.some((rule) => rule(subject));
}

function allOf(rules: readonly RbacRule[]): RbacRule {
  return (subject) => rules.every((rule) => rule(subject));
}

function not(rule: RbacRule): RbacRule {
  return (subject) => !rule(subject);
}

function compilePermission({ rule }: Permission, at: ConfigPath, context: CompileContext): RbacRule {
  const list = (rules: readonly Permission[], field: string): RbacRule[] =>
    rules.map((one, index) => compilePermission(one, at.field(field).field('rules').index(index), context));
  switch (rule.case) {
    case 'andRules':
      return allOf(list(rule.value.rules, 'and_rules'));
    case 'orRules':
      return anyOf(list(rule.value.rules, 'or_rules'));
    case 'notRule':
      return not(compilePermission(rule.value, at.field('not_rule'), context));
    case 'destinationIp':
      return addressIn(rule.value, ({ info }) => info.connection.localAddress, at.field('destination_ip'), context);
    case 'destinationPort':
      return ({ info }) => info.connection.localAddress.kind === 'ip' && info.connection.localAddress.port === rule.value;
    case 'destinationPortRange': {
      const { start, end } = rule.value;
      const fault = rangeFault(start, end);
      if (fault !== undefined) context.error(at.field('destination_port_range'), fault);
      return ({ info }) => info.connection.localAddress.port >= start && info.connection.localAddress.port < end;
    }
    case 'requestedServerName': {
      const text = compileStringMatcher(rule.value, at.field('requested_server_name'), context);
      return ({ info }) => text?.matches(info.connection.requestedServerName) === true;
    }
    case 'matcher':
      return compileExtension('envoy.rbac.matchers', rule.value, at.field('matcher'), context);
    case 'uriTemplate': {
      const matches = compilePathMatcher(rule.value, at.field('uri_template'), context);
      return ({ headers }) => headers !== undefined && matches?.(pathOf(headers.path)) === true;
    }
    default:
      return compileCommon(rule, at, context);
  }
}

function compilePrincipal({ identifier }: Principal, at: ConfigPath, context: CompileContext): RbacRule {
  const list = (rules: readonly Principal[], field: string): RbacRule[] =>
    rules.map((one, index) => compilePrincipal(one, at.field(field).field('ids').index(index), context));
  switch (identifier.case) {
    case 'andIds':
      return allOf(list(identifier.value.ids, 'and_ids'));
    case 'orIds':
      return anyOf(list(identifier.value.ids, 'or_ids'));
    case 'notId':
      return not(compilePrincipal(identifier.value, at.field('not_id'), context));
    case 'sourceIp':
      return addressIn(identifier.value, ({ info }) => info.connection.remoteAddress, at.field('source_ip'), context);
    case 'directRemoteIp':
      return addressIn(identifier.value, ({ info }) => info.connection.directRemoteAddress, at.field('direct_remote_ip'), context);
    case 'remoteIp':
      return addressIn(identifier.value, ({ info }) => info.remoteAddress, at.field('remote_ip'), context);
    case 'authenticated': {
      const { principalName } = identifier.value;
      if (principalName === undefined) return ({ info }) => info.connection.secure;
      const name = compileStringMatcher(principalName, at.field('authenticated').field('principal_name'), context);
      return ({ info }) => name !== undefined && isAuthenticated(info, name);
    }
    case 'filterState': {
      const state = compileFilterStateMatcher(identifier.value, at.field('filter_state'), context);
      return ({ info }) => state?.(info) === true;
    }
    case 'custom':
      return compileExtension('envoy.rbac.principals', identifier.value, at.field('custom'), context);
    default:
      return compileCommon(identifier, at, context);
  }
}

/** What permissions and principals have in common. */
type Common = Extract<Permission['rule'] | Principal['identifier'], { case: 'any' | 'header' | 'urlPath' | 'metadata' | 'sourcedMetadata' | undefined }>;

function compileCommon(rule: Common, at: ConfigPath, context: CompileContext): RbacRule {
  switch (rule.case) {
    case 'any':
      return rule.value ? always : never;
    case 'header': {
      if (!context.service(JUDGES_REQUESTS)) context.error(at.field('header'), `Found header(name: "${rule.value.name}") rule,not supported by RBAC network filter`);
      const header = compileHeaderMatcher(rule.value, at.field('header'), context);
      return ({ headers }) => header?.matches(headers ?? NO_HEADERS) === true;
    }
    case 'urlPath': {
      const path = rule.value.rule.case === 'path' ? compileStringMatcher(rule.value.rule.value, at.field('url_path').field('path'), context) : undefined;
      return ({ headers }) => headers !== undefined && path?.matches(pathOf(headers.path)) === true;
    }
    case 'metadata': {
      const metadata = compileMetadataMatcher(rule.value, at.field('metadata'), context);
      return ({ info }) => metadata?.(info) === true;
    }
    case 'sourcedMetadata': {
      const { metadataMatcher, metadataSource } = rule.value;
      const compile = metadataSource === MetadataSource.ROUTE ? compileRouteMetadataMatcher : compileMetadataMatcher;
      const metadata = metadataMatcher && compile(metadataMatcher, at.field('sourced_metadata').field('metadata_matcher'), context);
      return ({ info }) => metadata?.(info) === true;
    }
    default:
      return never;
  }
}

const NO_HEADERS = new HeaderMap();

function pathOf(pathAndQuery: string): string {
  const end = pathAndQuery.search(/[?#]/);
  return end < 0 ? pathAndQuery : pathAndQuery.substring(0, end);
}

function addressIn(range: CidrRange, addressOf: (subject: RbacSubject) => Address, at: ConfigPath, context: CompileContext): RbacRule {
  const prefix = compileIpPrefix(range, at, context);
  if (prefix === undefined) return never;
  const set = new IpPrefixSet([prefix]);
  return (subject) => set.has(addressOf(subject));
}

/** Envoy's sentences. */
function rangeFault(start: number, end: number): string | undefined {
  if (start < 0 || start > 65_536) return `range start ${start} is out of bounds`;
  if (end < 0 || end > 65_536) return `range end ${end} is out of bounds`;
  return start >= end ? `range start ${start} cannot be greater or equal than range end ${end}` : undefined;
}

function compileExtension(category: Category, message: { readonly name: string; readonly typedConfig?: AnyMessage }, at: ConfigPath, context: CompileContext): RbacRule {
  const resolved = context.resolve(category, message.name, message.typedConfig, at, false);
  return resolved === undefined ? never : (resolved.extension.compile(resolved.config, at.field('typed_config'), context) as RbacRule);
}

function compilePathMatcher(message: { readonly name: string; readonly typedConfig?: AnyMessage }, at: ConfigPath, context: CompileContext): PathMatcher | undefined {
  const resolved = context.resolve('envoy.path.match', message.name, message.typedConfig, at, false);
  return resolved?.extension.compile(resolved.config, at.field('typed_config'), context) as PathMatcher | undefined;
}

/** A URI name of the peer's certificate, a DNS name or its subject. */
function isAuthenticated({ connection }: StreamInfo, name: StringMatcher): boolean {
  if (!connection.secure) return false;
  const peer = connection.tls?.peer();
  if (peer?.alternatives('uri').some((uri) => name.matches(uri)) === true) return true;
  if (peer?.alternatives('dns').some((dns) => name.matches(dns)) === true) return true;
  return name.matches(peer?.subject ?? '');
}
