/** Turns the steps of a case file into what the harness plays. A step is a map with one verb, or a bare verb. */

import { STATUS_CODES } from 'node:http';
import { nearest } from '../../../src/core/did-you-mean.ts';
import type { ClientStep, Http2Script, UpstreamScript, UpstreamStep } from './case.ts';
import { ConformanceError } from './case.ts';
import { encode } from './h2-frames.ts';
import { responseFrames } from './h2-response.ts';
import { filledLength } from './placeholders.ts';
import { tlsScript } from './tls.ts';

type Tree = Record<string, unknown>;

const CLIENT_VERBS = {
  request: ['headers', 'body', 'on', 'to', 'await'],
  head: ['body', 'on', 'to'],
  send: ['on', 'to'],
  h2: ['on', 'to'],
  connect: ['on', 'tls'],
  await: ['on'],
  'await-text': ['on'],
  'await-upstream': [],
  'await-stat': [],
  replace: ['with'],
  pause: [],
  signal: [],
  'half-close': ['on'],
  close: ['on'],
  reset: ['on'],
  admin: ['body'],
} as const;

const UPSTREAM_VERBS = {
  status: ['reason', 'headers', 'body', 'chunks', 'trailers'],
  head: ['body'],
  send: [],
  pause: [],
  wait: [],
  h2: [],
  'await-request': [],
  'await-text': [],
  'half-close': [],
  close: [],
  reset: [],
} as const;

/** Fails with the nearest known word. */
export const checkKeys = (value: Tree, known: readonly string[], where: string): void => {
  for (const key of Object.keys(value)) {
    if (known.includes(key)) continue;
    const near = nearest(key, known);
    const hint = near === undefined ? `known: ${known.join(', ')}` : `did you mean '${near}'?`;
    throw new ConformanceError(`${where}: unknown key '${key}' (${hint})`);
  }
};

const asTree = (step: unknown, where: string): Tree => {
  if (typeof step === 'string') return { [step]: true };
  if (typeof step === 'object' && step !== null && !Array.isArray(step)) return step as Tree;
  throw new ConformanceError(`${where}: a step is a word or a map`);
};

const verbOf = (step: Tree, verbs: Readonly<Record<string, readonly string[]>>, where: string): string => {
  const verb = Object.keys(step).find((key) => key in verbs);
  if (verb === undefined) checkKeys(step, Object.keys(verbs), where);
  if (verb === undefined) throw new ConformanceError(`${where}: empty step`);
  checkKeys(step, [verb, ...verbs[verb]], where);
  return verb;
};

/** `{a: b}` or `[[a, b], …]`, the latter for repeated names. */
const headerLines = (headers: unknown): [string, string][] => {
  const pairs = Array.isArray(headers) ? headers : Object.entries((headers ?? {}) as Tree);
  return pairs
    .filter(([, value]) => value !== null)
    .map(([name, value]) => [String(name), String(value)] as [string, string]);
};

const has = (headers: readonly [string, string][], name: string): boolean =>
  headers.some(([key]) => key.toLowerCase() === name);

const render = (startLine: string, headers: readonly [string, string][]): string =>
  `${[startLine, ...headers.map(([name, value]) => `${name}: ${value}`)].join('\r\n')}\r\n\r\n`;

/** A block of lines becomes a message head: each line ended by CRLF, then an empty line. */
const headText = (block: string): string => `${block.replace(/\n$/, '').split('\n').join('\r\n')}\r\n\r\n`;

const requestText = (step: Tree): string => {
  const [method, target, version] = String(step.request).split(' ');
  const headers = headerLines(step.headers);
  const given = (step.headers ?? {}) as Tree;
  if (!has(headers, 'host') && !('host' in given)) headers.unshift(['host', 'example.com']);
  const body = step.body === undefined ? '' : String(step.body);
  if (body !== '' && !has(headers, 'content-length') && !has(headers, 'transfer-encoding')) {
    headers.push(['content-length', String(filledLength(body))]);
  }
  return render(`${method} ${target} ${version ?? 'HTTP/1.1'}`, headers) + body;
};

const responseText = (step: Tree): string => {
  const status = Number(step.status);
  const headers = headerLines(step.headers);
  const chunks = step.chunks as readonly string[] | undefined;
  const body = step.body === undefined ? '' : String(step.body);
  if (chunks !== undefined) headers.push(['transfer-encoding', 'chunked']);
  else if (status >= 200 && status !== 204 && status !== 304 && !has(headers, 'content-length') && !has(headers, 'transfer-encoding')) {
    headers.push(['content-length', String(filledLength(body))]);
  }
  const head = render(`HTTP/1.1 ${status} ${step.reason ?? STATUS_CODES[status] ?? ''}`, headers);
  if (chunks === undefined) return head + body;
  const trailers = headerLines(step.trailers).map(([name, value]) => `${name}: ${value}\r\n`);
  return `${head}${chunks.map((chunk) => `${filledLength(chunk).toString(16)}\r\n${chunk}\r\n`).join('')}0\r\n${trailers.join('')}\r\n`;
};

const methodOf = (text: string): string | undefined => /^([A-Z]+) \S+/.exec(text)?.[1];

const clientStep = (raw: unknown, where: string): ClientStep[] => {
  const step = asTree(raw, where);
  const verb = verbOf(step, CLIENT_VERBS, where);
  const on = String(step.on ?? 'a');
  const to = String(step.to ?? 'ingress');
  const send = (text: string): ClientStep => ({ do: 'send', on, to, text, method: methodOf(text) });
  switch (verb) {
    case 'request':
      return [send(requestText(step)), ...(step.await === 'none' ? [] : [{ do: 'await-response', on } as const])];
    case 'head':
      return [send(headText(String(step.head)) + String(step.body ?? ''))];
    case 'send':
      return [send(String(step.send))];
    case 'h2':
      return [send(encode(step.h2, 0, where))];
    case 'connect':
      return [{ do: 'connect', on, to: step.connect === true ? to : String(step.connect), tls: tlsScript(step.tls, where) }];
    case 'await':
      return [awaitStep(String(step.await), on, where)];
    case 'await-text':
      return [{ do: 'await-text', on, text: String(step['await-text']) }];
    case 'await-upstream':
      return [{ do: 'await-upstream', upstream: String(step['await-upstream']) }];
    case 'await-stat': {
      const [stat, value] = String(step['await-stat']).split(' ');
      return [{ do: 'await-stat', stat, value: Number(value) }];
    }
    case 'replace':
      return [{ do: 'replace', file: String(step.replace), with: String(step.with) }];
    case 'pause':
      return [{ do: 'pause', ms: Number(step.pause) }];
    case 'signal':
      return [{ do: 'signal', name: String(step.signal) }];
    case 'admin': {
      const [method, path] = String(step.admin).split(' ');
      return [{ do: 'admin', method, path, body: String(step.body ?? '') }];
    }
    default:
      return [{ do: verb as 'close', on }];
  }
};

const awaitStep = (what: string, on: string, where: string): ClientStep => {
  if (what === 'response' || what === 'interim' || what === 'close') return { do: `await-${what}`, on };
  const stream = /^stream (\d+)$/.exec(what);
  if (stream !== null) return { do: 'await-stream', on, id: Number(stream[1]) };
  throw new ConformanceError(`${where}: await takes response, interim, close or stream <id>, not '${what}'`);
};

export const clientSteps = (raw: unknown, where: string): ClientStep[] => {
  if (!Array.isArray(raw)) throw new ConformanceError(`${where}: 'client' is a list of steps`);
  return raw.flatMap((step, index) => clientStep(step, `${where} step ${index + 1}`));
};

const upstreamStep = (raw: unknown, where: string, http2: boolean): UpstreamStep => {
  const step = asTree(raw, where);
  const verb = verbOf(step, UPSTREAM_VERBS, where);
  switch (verb) {
    case 'status':
      return http2 ? { do: 'send-frames', frames: responseFrames(step) } : { do: 'send', text: responseText(step) };
    case 'h2':
      return { do: 'send-frames', frames: step.h2 };
    case 'head':
      return { do: 'send', text: headText(String(step.head)) + String(step.body ?? '') };
    case 'send':
      return { do: 'send', text: String(step.send) };
    case 'pause':
      return { do: 'pause', ms: Number(step.pause) };
    case 'wait':
      return { do: 'wait', name: String(step.wait) };
    case 'await-text':
      return { do: 'await-text', text: String(step['await-text']) };
    default:
      return { do: verb as 'close' };
  }
};

const replySteps = (raw: unknown, where: string, http2: boolean): UpstreamStep[] =>
  (Array.isArray(raw) ? raw : [raw]).map((step) => upstreamStep(step, where, http2));

const OK = { status: 200, body: 'ok\n' };

const http2Script = (raw: unknown, where: string): Http2Script | undefined => {
  if (raw === undefined || raw === false) return undefined;
  const tree = raw === true ? {} : (raw as Tree);
  checkKeys(tree, ['settings', 'answers-pings'], where);
  return { settings: (tree.settings ?? {}) as Record<string, number>, answersPings: tree['answers-pings'] !== false };
};

/** `refuse`; a step or a list of steps (one reply, repeated); or `{when, http2, reply | replies}`. Nothing: 200 `ok`. */
export const upstreamScript = (raw: unknown, where: string): UpstreamScript => {
  if (raw === 'refuse') return { when: 'request', replies: [replySteps(OK, where, false)], refuses: true };
  const tree = (raw ?? OK) as Tree;
  const isScript = typeof tree === 'object' && !Array.isArray(tree) && SCRIPT_KEYS.some((key) => key in tree);
  if (!isScript) return { when: 'request', replies: [replySteps(tree, where, false)], refuses: false };
  checkKeys(tree, SCRIPT_KEYS, where);
  const when = String(tree.when ?? 'request');
  if (when !== 'request' && when !== 'head' && when !== 'connect') {
    throw new ConformanceError(`${where}: when takes request, head or connect, not '${when}'`);
  }
  const tls = 'tls' in tree ? { tls: tlsScript(tree.tls, where)! } : {};
  const http2 = http2Script(tree.http2, where);
  const replies = tree.replies ?? [tree.reply ?? OK];
  if (!Array.isArray(replies) || replies.length === 0) throw new ConformanceError(`${where}: 'replies' is a list`);
  const steps = replies.map((reply) => replySteps(reply, where, http2 !== undefined));
  return { when, replies: steps, refuses: false, ...tls, ...(http2 && { http2 }) };
};

const SCRIPT_KEYS = ['when', 'reply', 'replies', 'tls', 'http2'];
