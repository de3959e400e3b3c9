import { readFileSync } from 'node:fs';
import { createServer } from 'node:net';
import type { ProxyPlan } from '../../plan.ts';

/** How soon a Node process can answer at all. */
const { plan } = JSON.parse(readFileSync(process.argv[2], 'utf8')) as { plan: ProxyPlan };
const ANSWER = 'HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n';

createServer((socket) => {
  socket.on('data', () => socket.write(ANSWER));
  socket.on('error', () => socket.destroy());
}).listen(plan.listenPort, '127.0.0.1');
