/** Talks to a target's admin listener. */

import type { IncomingMessage } from 'node:http';
import { request } from 'node:http';

export interface AdminReply {
  readonly status: number;
  /** In the order they came. */
  readonly headers: readonly [string, string][];
  readonly body: string;
}

export const callAdmin = async (port: number, method: string, path: string, body = ''): Promise<AdminReply> => {
  const message = await new Promise<IncomingMessage>((resolve, reject) => {
    const sent = request({ host: '127.0.0.1', port, method, path, agent: false, headers: { connection: 'close' } }, resolve);
    sent.setTimeout(10_000, () => sent.destroy(new Error(`admin did not answer ${method} ${path} within 10 s`)));
    sent.on('error', reject);
    sent.end(body);
  });
  const pieces: Buffer[] = [];
  for await (const piece of message) pieces.push(piece as Buffer);
  const { rawHeaders } = message;
  const headers = rawHeaders.flatMap((name, i): [string, string][] => (i % 2 === 0 ? [[name, rawHeaders[i + 1]]] : []));
  return { status: message.statusCode ?? 0, headers, body: Buffer.concat(pieces).toString('latin1') };
};

/** Every counter and gauge by name. */
export const readStats = async (port: number | undefined): Promise<Map<string, number>> => {
  if (port === undefined) return new Map();
  const { body } = await callAdmin(port, 'GET', '/stats?type=All');
  const stats = new Map<string, number>();
  for (const line of body.split('\n')) {
    const at = line.lastIndexOf(': ');
    const value = Number(line.slice(at + 2));
    if (at > 0 && !Number.isNaN(value)) stats.set(line.slice(0, at), value);
  }
  return stats;
};

/** Listener name → port, from `/listeners`. */
export const readListenerPorts = async (port: number): Promise<Map<string, number>> => {
  const { body } = await callAdmin(port, 'GET', '/listeners?format=json');
  const { listener_statuses: statuses = [] } = JSON.parse(body) as {
    listener_statuses?: { name: string; local_address: { socket_address?: { port_value: number } } }[];
  };
  return new Map(statuses.map((one) => [one.name, one.local_address.socket_address?.port_value ?? 0]));
};
