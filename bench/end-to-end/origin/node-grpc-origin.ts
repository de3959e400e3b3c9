import { createServer } from 'node:http2';
import { ECHOED_HEADERS, GRPC_REPLY } from './origin.ts';

/** node-grpc-origin.ts PORT: answers as `grpcOrigin` says, where nginx is not installed. */
const server = createServer();
server.on('stream', (stream, headers) => {
  stream.respond({ ':status': 200, 'content-type': 'application/grpc' }, { waitForTrailers: true });
  stream.on('wantTrailers', () => stream.sendTrailers({ 'grpc-status': '0' }));
  stream.on('error', () => {});
  const echoes = headers[':path']?.endsWith('/echo') === true;
  stream.resume().on('end', () => stream.end(echoes ? ECHOED_HEADERS.map((name) => `${headers[name] ?? ''}\n`).join('') : GRPC_REPLY));
});
server.listen(Number(process.argv[2]), '127.0.0.1', 4096);
