import { type Action as ActionMessage, RBAC_Action as RbacAction, type RBAC } from '../../api/generated/envoy/config/rbac/v3.ts';
import type { Matcher } from '../../api/generated/xds/type/matcher/v3.ts';
import { type CompileContext, type Extension, serviceKey } from '../../core/extension.ts';
import type { ConfigPath } from '../../core/problems.ts';
import { compileMatchTree, type MatchingSite } from '../matching/compile.ts';
import { type MatchTree, UNDECIDED } from '../matching/match-tree.ts';
import { HttpMatchingData } from '../matching/matching-data.ts';
import { compileRbacRules, JUDGES_REQUESTS, type RbacEngine, type RbacSubject, type RbacVerdict, tellAccessLogHint } from './compile.ts';

/** What both RBAC filters are configured with; a matcher stands in place of rules. */
export interface RbacMessage {
  readonly rules?: RBAC;
  readonly matcher?: Matcher;
  readonly shadowRules?: RBAC;
  readonly shadowMatcher?: Matcher;
}

export interface RbacEngines {
  readonly enforced: RbacEngine | undefined;
  readonly shadow: RbacEngine | undefined;
}

/** What matchers may read of a connection. */
const CONNECTION_INPUTS: readonly string[] = [
  ...['DestinationIP', 'DestinationPort', 'SourceIP', 'SourcePort', 'DirectSourceIP', 'ServerName', 'NetworkNamespace', 'FilterState'].map(
    (name) => `envoy.extensions.matching.common_inputs.network.v3.${name}Input`,
  ),
  ...['UriSan', 'DnsSan', 'Subject'].map((name) => `envoy.extensions.matching.common_inputs.ssl.v3.${name}Input`),
];

/** An RBAC filter: which inputs its matchers may read, and how it refuses others. */
export interface RbacSite {
  readonly inputs: ReadonlySet<string>;
  readonly refusal: string;
  readonly judgesRequests: boolean;
}

export const NETWORK_RBAC: RbacSite = { inputs: new Set(CONNECTION_INPUTS), refusal: 'RBAC network filter cannot match', judgesRequests: false };

export const HTTP_RBAC: RbacSite = {
  inputs: new Set([
    ...CONNECTION_INPUTS,
    'envoy.type.matcher.v3.HttpRequestHeaderMatchInput',
    'envoy.extensions.matching.common_inputs.network.v3.DynamicMetadataInput',
    'xds.type.matcher.v3.HttpAttributesCelMatchInput',
  ]),
  refusal: 'RBAC HTTP filter cannot match on',
  judgesRequests: true,
};

export function compileRbacEngines(message: RbacMessage, at: ConfigPath, outside: CompileContext, { inputs, refusal, judgesRequests }: RbacSite): RbacEngines {
  const { rules, matcher, shadowRules, shadowMatcher } = message;
  const context = judgesRequests ? outside : outside.with(JUDGES_REQUESTS, false);
  const readable = [...inputs].map((name) => name.substring(name.lastIndexOf('.') + 1)).join(', ');
  const refusedInput = (typeName: string): string | undefined => (inputs.has(typeName) ? undefined : `${refusal} 'type.googleapis.com/${typeName}'; it reads ${readable}`);
  const site: MatchingSite = { ...SITE, refusedInput };
  if (matcher !== undefined && rules !== undefined) context.warning(at.field('rules'), 'RBAC rules are ignored when matcher is configured');
  if (shadowMatcher !== undefined && shadowRules !== undefined) context.warning(at.field('shadow_rules'), 'RBAC shadow rules are ignored when shadow matcher is configured');
  return {
    enforced: matcher === undefined ? rules && compileRbacRules(rules, at.field('rules'), context, false) : compileMatcher(matcher, at.field('matcher'), context, site, false),
    shadow:
      shadowMatcher === undefined
        ? shadowRules && compileRbacRules(shadowRules, at.field('shadow_rules'), context, true)
        : compileMatcher(shadowMatcher, at.field('shadow_matcher'), context, site, true),
  };
}

const SITE: MatchingSite = {
  inputs: 'envoy.matching.http.input',
  customMatchers: 'envoy.matching.http.custom_matchers',
  actions: 'envoy.matching.action',
  actionTypes: new Set(['envoy.config.rbac.v3.Action']),
};

function compileMatcher(message: Matcher, at: ConfigPath, context: CompileContext, site: MatchingSite, isShadow: boolean): RbacEngine | undefined {
  const logs = new LogActions();
  const tree = compileMatchTree<HttpMatchingData, Action>(message, at, context.with(LOG_ACTIONS, logs), site);
  return tree && new MatcherEngine(tree, logs.there && !isShadow);
}

/** Whether a tree has any action LOG. */
class LogActions {
  there = false;

  note(): void {
    this.there = true;
  }
}

const LOG_ACTIONS = serviceKey<LogActions>('actions LOG');

/** What a tree ends in. */
interface Action extends RbacVerdict {
  readonly isLog: boolean;
}

export const rbacActionExtension: Extension<ActionMessage, Action> = {
  name: 'envoy.filters.rbac.action',
  category: 'envoy.matching.action',
  configType: 'envoy.config.rbac.v3.Action',
  compile({ name, action }, _at, context) {
    const isLog = action === RbacAction.LOG;
    if (isLog) context.service(LOG_ACTIONS).note();
    return { allowed: action !== RbacAction.DENY, policy: name, isLog };
  },
};

/** Whom nothing matches is denied. */
const UNMATCHED: RbacVerdict = { allowed: false, policy: '' };

class MatcherEngine implements RbacEngine {
  readonly #tree: MatchTree<HttpMatchingData, Action>;
  readonly #tellsHint: boolean;

  constructor(tree: MatchTree<HttpMatchingData, Action>, tellsHint: boolean) {
    this.#tree = tree;
    this.#tellsHint = tellsHint;
  }

  judge({ info, headers }: RbacSubject): RbacVerdict {
    const action = this.#tree.match(new HttpMatchingData(info, headers));
    if (action === undefined || action === UNDECIDED) return UNMATCHED;
    if (this.#tellsHint) tellAccessLogHint(info, action.isLog);
    return action;
  }
}
