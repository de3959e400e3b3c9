import { createHash } from 'node:crypto';
import { createServer, type IncomingMessage, type Server } from 'node:http';
import type { Duplex } from 'node:stream';
import { EchoConnection } from './echo-connection.ts';

const KEY_SUFFIX = '258EAFA5-E914-47DA-95CA-C5AB0DC85B11';

/** A WebSocket server (RFC 6455) that sends every message back. */
export const createEchoServer = (): Server => {
  const server = createServer();
  server.on('upgrade', (request: IncomingMessage, socket: Duplex, head: Buffer) => {
    const key = request.headers['sec-websocket-key'] ?? '';
    const accept = createHash('sha1').update(key + KEY_SUFFIX).digest('base64');
    socket.write(`HTTP/1.1 101 Switching Protocols\r\nupgrade: websocket\r\nconnection: Upgrade\r\nsec-websocket-accept: ${accept}\r\n\r\n`);
    const connection = new EchoConnection(socket);
    socket.on('error', () => socket.destroy());
    socket.on('data', (bytes: Buffer) => connection.onBytes(bytes));
    socket.on('end', () => socket.end());
    connection.onBytes(head);
  });
  return server;
};
