import type { JsonObject, JsonValue } from '@bufbuild/protobuf';
import type { Extension } from '../../../src/core/extension.ts';
import { ConfigPath, formatProblem, Problems } from '../../../src/core/problems.ts';
import { emptyRuntime } from '../../../src/core/runtime.ts';
import { PROCESS } from '../../../src/http/format/environment.ts';
import { HeaderMap } from '../../../src/http/header-map.ts';
import { headerName } from '../../../src/http/header-name.ts';
import { compileMatchTree, type MatchingSite } from '../../../src/http/matching/compile.ts';
import { matchingExtensions } from '../../../src/http/matching/extensions.ts';
import { type MatchTree, UNDECIDED } from '../../../src/http/matching/match-tree.ts';
import { HttpMatchingData } from '../../../src/http/matching/matching-data.ts';
import { type ConnectionInfo, StreamInfo } from '../../../src/http/stream-info.ts';
import { CompileRun, type ThreadServices } from '../../../src/server/compile-context.ts';
import { ExtensionRegistry } from '../../../src/server/extension-registry.ts';
import { message } from '../matcher/matcher-fixture.ts';

/** Ends a tree with its text. */
const textAction: Extension<never, string> = {
  name: 'test.text',
  category: 'envoy.matching.action',
  configType: 'google.protobuf.StringValue',
  compile: (config) => (config as { value: string }).value,
};

const registry = new ExtensionRegistry([...matchingExtensions, textAction]);

export const SITE: MatchingSite = { inputs: 'envoy.matching.http.input', customMatchers: 'envoy.matching.http.custom_matchers', actions: 'envoy.matching.action' };

export interface Compiled {
  readonly tree: MatchTree<HttpMatchingData, string> | undefined;
  readonly errors: string[];
}

export function compileTree(json: JsonObject, site = SITE, type: 'xds.type.matcher.v3.Matcher' | 'envoy.config.common.matcher.v3.Matcher' = 'xds.type.matcher.v3.Matcher'): Compiled {
  const problems = new Problems();
  const services = new Map([[PROCESS, { variable: (name: string) => (name === 'SET' ? 'é' : undefined) }]]);
  const context = new CompileRun({ registry, runtime: emptyRuntime } as unknown as ThreadServices, problems, new Set(), services);
  const tree = compileMatchTree<HttpMatchingData, string>(message(type, json), ConfigPath.root, context, site);
  return { tree, errors: problems.errors.map(formatProblem) };
}

// Names are known before the messages that hold them, as in a proxy.
headerName('x');

/** A stream of a connection about which `connection` is known. */
export function dataOf(headers: Record<string, string> | undefined, connection: Partial<ConnectionInfo> = {}): HttpMatchingData {
  const address = { kind: 'ip', host: '192.0.2.7', port: 7, text: '' } as const;
  const info = new StreamInfo({ remoteAddress: address, localAddress: address, directRemoteAddress: address, requestedServerName: '', tls: undefined, ...connection } as ConnectionInfo);
  const map = headers && new HeaderMap();
  for (const [name, value] of Object.entries(headers ?? {})) map!.addText(name, value);
  return new HttpMatchingData(info, map);
}

/** The action's text, `none` or `undecided`. */
export function decide(json: JsonObject, data: HttpMatchingData): string {
  const { tree, errors } = compileTree(json);
  if (errors.length > 0) throw new Error(errors.join('\n'));
  const found = tree!.match(data);
  return found === UNDECIDED ? 'undecided' : (found ?? 'none');
}

export const extension = (type: string, fields: JsonObject = {}): JsonObject => ({ name: 'x', typedConfig: { '@type': `type.googleapis.com/${type}`, ...fields } });
export const action = (text: string): JsonObject => ({ action: extension('google.protobuf.StringValue', { value: text }) });
export const header = (name: string): JsonObject => extension('envoy.type.matcher.v3.HttpRequestHeaderMatchInput', { headerName: name });
/** Of the header `x`. */
export const isText = (text: string): JsonObject => ({ singlePredicate: { input: header('x'), valueMatch: { exact: text } } });
/** Nothing of a connection without TLS can be known. */
export const notKnown: JsonObject = { singlePredicate: { input: extension('envoy.extensions.matching.common_inputs.ssl.v3.SubjectInput'), valueMatch: { prefix: 'a' } } };
export const list = (branches: [predicate: JsonObject, onMatch: JsonObject][], onNoMatch?: JsonObject): JsonObject => ({
  matcherList: { matchers: branches.map(([predicate, onMatch]) => ({ predicate, onMatch })) },
  ...(onNoMatch && { onNoMatch }),
});
export const map = (kind: 'exactMatchMap' | 'prefixMatchMap', branches: Record<string, JsonObject>, onNoMatch?: JsonObject): JsonObject => ({
  matcherTree: { input: header('x'), [kind]: { map: branches } },
  ...(onNoMatch && { onNoMatch }),
});
export const custom = (type: string, fields: Record<string, JsonValue>, onNoMatch?: JsonObject): JsonObject => ({
  matcherTree: { input: header('x'), customMatch: extension(type, fields) },
  ...(onNoMatch && { onNoMatch }),
});
