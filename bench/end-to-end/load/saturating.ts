import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Command } from '../command.ts';
import { findProgram, versionLine } from '../command.ts';
import type { RequestShape } from '../request.ts';
import { headersOf } from '../request.ts';

/** A closed loop over a fixed number of connections, as fast as the proxy goes. */
export interface SaturatingLoad {
  readonly port: number;
  readonly request: RequestShape;
  readonly connections: number;
  readonly seconds: number;
  /** Over TLS: only wrk can. */
  readonly secure?: boolean;
  /** HTTP/2 with so many streams at once on each connection: only h2load can. Without: HTTP/1.1. */
  readonly streams?: number;
  /** POST of a small message as gRPC has it, in place of GET: only h2load can. */
  readonly grpc?: boolean;
}

export interface SaturatingResult {
  readonly requests: number;
  /** Answers other than 200, and connections that failed. */
  readonly errors: number;
  readonly seconds: number;
  /** Undefined where the tool does not tell. */
  readonly p50Us?: number;
  readonly p99Us?: number;
  readonly p999Us?: number;
}

export interface LoadTool {
  readonly name: 'wrk' | 'h2load' | 'autocannon';
  readonly note: string;
  installed(): boolean;
  version(): string;
  /** `directory` is for the tool's own files. */
  command(load: SaturatingLoad, directory: string): Command;
  parse(output: string, load: SaturatingLoad): SaturatingResult;
}

export const wrk: LoadTool = {
  name: 'wrk',
  note: 'one thread, closed loop',
  installed: () => findProgram('wrk') !== undefined,
  version: () => versionLine('wrk', ['-v']),
  command: ({ port, request, connections, seconds, secure }, directory) => {
    const script = join(directory, 'wrk.lua');
    writeFileSync(script, WRK_SCRIPT);
    const headers = Object.entries(headersOf(request)).flatMap(([name, value]) => ['-H', `${name}: ${value}`]);
    const url = `${secure === true ? 'https' : 'http'}://127.0.0.1:${port}${request.path}`;
    return { file: findProgram('wrk')!, args: ['-t1', `-c${connections}`, `-d${wholeSeconds(seconds)}s`, ...headers, '-s', script, url] };
  },
  parse: (output) => {
    const line = output.split('\n').find((text) => text.startsWith('RESULT '));
    if (line === undefined) throw new Error(`wrk printed no result:\n${output}`);
    return JSON.parse(line.slice(7)) as SaturatingResult;
  },
};

/** Runs once, after the load: requests themselves stay on wrk's fast path. */
const WRK_SCRIPT = `
done = function(summary, latency)
  local e = summary.errors
  io.write(string.format('RESULT {"requests":%d,"errors":%d,"seconds":%.6f,"p50Us":%.1f,"p99Us":%.1f,"p999Us":%.1f}\\n',
    summary.requests, e.connect + e.read + e.write + e.status + e.timeout, summary.duration / 1e6,
    latency:percentile(50), latency:percentile(99), latency:percentile(99.9)))
end
`;

export const h2load: LoadTool = {
  name: 'h2load',
  note: 'one thread, closed loop; it tells no percentiles',
  installed: () => findProgram('h2load') !== undefined,
  version: () => versionLine('h2load', ['--version']),
  command: ({ port, request, connections, seconds, streams, grpc }, directory) => {
    if (request.close) throw new Error('h2load does not go on after a connection was closed: use wrk or autocannon');
    const { Host, ...others } = headersOf(request);
    // It sends a Host of its own: another one makes two.
    const headers = Object.entries({ ':authority': Host, ...(grpc === true ? GRPC_HEADERS : others) }).flatMap(([name, value]) => ['-H', `${name}: ${value}`]);
    const url = `http://127.0.0.1:${port}${request.path}`;
    const version = streams === undefined ? ['--h1'] : ['-m', String(streams)];
    const body = grpc === true ? ['-d', messageFile(directory)] : [];
    return { file: findProgram('h2load')!, args: [...version, ...body, '-t1', `-c${connections}`, `-D${wholeSeconds(seconds)}`, ...headers, url] };
  },
  parse: (output, load) => parseH2load(output, wholeSeconds(load.seconds)),
};

/** As grpc-go has them. */
const GRPC_HEADERS = { 'content-type': 'application/grpc', te: 'trailers', 'user-agent': 'grpc-go/1.78.0', 'grpc-timeout': '10S', authorization: 'Bearer 0123456789abcdef0123456789abcdef' };
const MESSAGE_BYTES = 64;

function messageFile(directory: string): string {
  const file = join(directory, 'message.bin');
  const message = Buffer.alloc(5 + MESSAGE_BYTES, 'x');
  message.writeUInt8(0, 0);
  message.writeUInt32BE(MESSAGE_BYTES, 1);
  writeFileSync(file, message);
  return file;
}

/** Downloads of a path one after the other over one connection of HTTP/2, with windows that hold nothing up. */
export function h2Downloads(port: number, { host, path }: Pick<RequestShape, 'host' | 'path'>, count: number): Command {
  const windows = ['-w', String(WINDOW_BITS), '-W', String(WINDOW_BITS)];
  return { file: findProgram('h2load')!, args: [...windows, '-t1', '-c1', '-m1', `-n${count}`, '-H', `:authority: ${host}`, `http://127.0.0.1:${port}${path}`] };
}

/** `finished in 1.02s, 4.90 req/s, 490.20MB/s`, and how many failed. */
export function parseH2Downloads(output: string, count: number): { readonly elapsedMs: number; readonly failed: number } {
  const finished = /finished in ([\d.]+)(us|ms|s)/.exec(output);
  if (finished === null) throw new Error(`h2load printed no time:\n${output}`);
  const { requests, errors } = parseH2load(output, 0);
  return { elapsedMs: Number(finished[1]) * MS_OF[finished[2] as keyof typeof MS_OF], failed: count - requests + errors };
}

const MS_OF = { us: 0.001, ms: 1, s: 1000 } as const;
/** h2load's default, and the most that it takes. */
const WINDOW_BITS = 30;

/** `requests: 100 total, 100 started, 98 done, 97 succeeded, 1 failed, 0 errored, 0 timeout`. */
export function parseH2load(output: string, seconds: number): SaturatingResult {
  const done = /(\d+) done, (\d+) succeeded/.exec(output);
  if (done === null) throw new Error(`h2load printed no result:\n${output}`);
  return { requests: Number(done[1]), errors: Number(done[1]) - Number(done[2]), seconds };
}

export const autocannon: LoadTool = {
  name: 'autocannon',
  note: 'closed loop; it cannot saturate the faster proxies, whose CPU per request then includes idle wake-ups',
  installed: () => true,
  version: () => `autocannon on node ${process.versions.node}`,
  command: (load) => ({
    file: process.execPath,
    args: [fileURLToPath(new URL('autocannon-program.ts', import.meta.url)), JSON.stringify(load)],
  }),
  parse: (output) => JSON.parse(output.trim().split('\n').at(-1)!) as SaturatingResult,
};

export const LOAD_TOOLS: readonly LoadTool[] = [wrk, h2load, autocannon];

/** wrk costs the core that it shares with the origin least. */
export function chooseLoadTool(asked: string | undefined): LoadTool {
  if (asked === undefined) return wrk.installed() ? wrk : autocannon;
  const tool = LOAD_TOOLS.find((candidate) => candidate.name === asked);
  if (tool === undefined) throw new Error(`unknown load generator ${asked}: wrk, h2load or autocannon`);
  if (!tool.installed()) throw new Error(`${asked} is not installed`);
  return tool;
}

/** The command line tools take whole seconds. */
function wholeSeconds(seconds: number): number {
  return Math.max(1, Math.round(seconds));
}
