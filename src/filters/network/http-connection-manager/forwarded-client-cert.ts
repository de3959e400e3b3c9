import {
  HttpConnectionManager_ForwardClientCertDetails as Details,
  type HttpConnectionManager_ForwardClientCertConfig as ActionMessage,
  HttpConnectionManager_ForwardClientCertFormat as Format,
  type HttpConnectionManager as ManagerMessage,
} from '../../../api/generated/envoy/extensions/filters/network/http_connection_manager/v3.ts';
import type { CompileContext, Extension } from '../../../core/extension.ts';
import type { ConfigPath } from '../../../core/problems.ts';
import { withoutControls } from '../../../http/format/format.ts';
import { jsonText } from '../../../http/format/json-text.ts';
import type { HeaderMap } from '../../../http/header-map.ts';
import { H } from '../../../http/header-name.ts';
import { compileMatchTree, type MatchingSite } from '../../../http/matching/compile.ts';
import { type MatchTree, UNDECIDED } from '../../../http/matching/match-tree.ts';
import { HttpMatchingData } from '../../../http/matching/matching-data.ts';
import type { StreamInfo } from '../../../http/stream-info.ts';
import type { CertificateInfo, TlsInfo } from '../../../transport/transport-socket.ts';

/** Which parts of the client's certificate X-Forwarded-Client-Cert tells. */
interface ForwardedParts {
  readonly cert: boolean;
  readonly chain: boolean;
  readonly subject: boolean;
  readonly issuer: boolean;
  readonly uri: boolean;
  readonly dns: boolean;
}

/** What becomes of the header of one request. */
interface Rule {
  readonly mode: 'always' | 'sanitize' | 'forward' | 'append' | 'set';
  readonly parts: ForwardedParts;
  readonly isJson: boolean;
}

/** What becomes of the header. */
export interface ForwardedClientCert {
  readonly matcher: MatchTree<HttpMatchingData, Rule> | undefined;
  /** Without a matcher, and where it finds nothing. */
  readonly otherwise: Rule;
}

const MODES: Readonly<Record<Details, Rule['mode']>> = {
  [Details.SANITIZE]: 'sanitize',
  [Details.FORWARD_ONLY]: 'forward',
  [Details.APPEND_FORWARD]: 'append',
  [Details.SANITIZE_SET]: 'set',
  [Details.ALWAYS_FORWARD_ONLY]: 'always',
};

const SITE: MatchingSite = {
  inputs: 'envoy.matching.http.input',
  customMatchers: 'envoy.matching.http.custom_matchers',
  actions: 'envoy.http.forward_client_cert_details',
};

/** Undefined: the header is always passed on as it is. */
export function compileForwardedClientCert(message: ManagerMessage, at: ConfigPath, context: CompileContext): ForwardedClientCert | undefined {
  const { forwardClientCertMatcher } = message;
  const otherwise = compileRule(message);
  const matcher = forwardClientCertMatcher && compileMatchTree<HttpMatchingData, Rule>(forwardClientCertMatcher, at.field('forward_client_cert_matcher'), context, SITE);
  return matcher === undefined && otherwise.mode === 'always' ? undefined : { matcher, otherwise };
}

/** What a `forward_client_cert_matcher` ends in. */
export const forwardClientCertExtension: Extension<ActionMessage, Rule> = {
  name: 'forward_client_cert',
  category: 'envoy.http.forward_client_cert_details',
  configType: 'envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager.ForwardClientCertConfig',
  compile: compileRule,
};

function compileRule({ forwardClientCertDetails, setCurrentClientCertDetails: set }: Pick<ActionMessage, 'forwardClientCertDetails' | 'setCurrentClientCertDetails'>): Rule {
  const parts = {
    cert: set?.cert ?? false,
    chain: set?.chain ?? false,
    subject: set?.subject ?? false,
    issuer: set?.issuer ?? false,
    uri: set?.uri ?? false,
    dns: set?.dns ?? false,
  };
  return { mode: MODES[forwardClientCertDetails], parts, isJson: set?.format === Format.JSON };
}

/** Before the trusted address of the client is known: matchers see that of the connection. */
export function mutateForwardedClientCert(headers: HeaderMap, info: StreamInfo, { matcher, otherwise }: ForwardedClientCert): void {
  const found = matcher?.match(new HttpMatchingData(info, headers, info.connection.remoteAddress));
  applyRule(headers, info.connection.tls, found === undefined || found === UNDECIDED ? otherwise : found);
}

/** The header goes where the client has shown no certificate. */
function applyRule(headers: HeaderMap, tls: TlsInfo | undefined, { mode, parts, isJson }: Rule): void {
  if (mode === 'always') return;
  const peer = mode === 'sanitize' ? undefined : tls?.peer();
  if (tls === undefined || peer === undefined) {
    headers.remove(H.xForwardedClientCert);
    return;
  }
  if (mode === 'forward') return;
  const before = mode === 'append' ? (headers.getJoined(H.xForwardedClientCert) ?? '') : '';
  // Whoever makes a certificate may write line ends into its names. What is there already decides the form of what is added.
  if (before === '' ? isJson : before.startsWith('[') && before.endsWith(']')) {
    headers.set(H.xForwardedClientCert, `${before === '' ? '[' : `${before.slice(0, -1)},`}${withoutControls(jsonElement(tls, peer, parts))}]`);
  } else {
    headers.set(H.xForwardedClientCert, `${before === '' ? '' : `${before},`}${withoutControls(textElement(tls, peer, parts))}`);
  }
}

function textElement(tls: TlsInfo, peer: CertificateInfo, parts: ForwardedParts): string {
  const pairs = (tls.local()?.alternatives('uri') ?? []).map((uri) => `By=${uri}`);
  pairs.push(`Hash=${peer.sha256}`);
  if (parts.cert) pairs.push(`Cert="${peer.pem}"`);
  if (parts.chain) pairs.push(`Chain="${tls.peerChain().map(({ pem }) => pem).join('')}"`);
  if (parts.subject) pairs.push(`Subject="${peer.subject}"`);
  if (parts.uri) {
    const uris = peer.alternatives('uri');
    if (uris.length === 0) pairs.push('URI=');
    for (const uri of uris) pairs.push(`URI=${uri}`);
  }
  if (parts.dns) for (const name of peer.alternatives('dns')) pairs.push(`DNS=${name}`);
  if (parts.issuer) pairs.push(`Issuer="${peer.issuer}"`);
  return pairs.join(';');
}

/** URL encoding is for text alone; what is empty is left out. */
function jsonElement(tls: TlsInfo, peer: CertificateInfo, parts: ForwardedParts): string {
  const members: string[] = [];
  const add = (name: string, text: string): unknown => text !== '' && members.push(`"${name}":${jsonString(text)}`);
  const addAll = (name: string, texts: readonly string[]): unknown => texts.length > 0 && members.push(`"${name}":[${texts.map(jsonString).join(',')}]`);
  addAll('by', tls.local()?.alternatives('uri') ?? []);
  add('hash', peer.sha256);
  if (parts.cert) add('cert', decodeURIComponent(peer.pem));
  if (parts.chain) addAll('chain', tls.peerChain().map(({ pem }) => decodeURIComponent(pem)));
  if (parts.subject) add('subject', peer.subject);
  if (parts.uri) addAll('uri', peer.alternatives('uri'));
  if (parts.dns) addAll('dns', peer.alternatives('dns'));
  if (parts.issuer) add('issuer', peer.issuer);
  return `{${members.join(',')}}`;
}

function jsonString(text: string): string {
  return `"${jsonText(text)}"`;
}
