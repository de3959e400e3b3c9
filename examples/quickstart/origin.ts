import { createServer } from 'node:http';

/** A small application behind the gateway: says what it was asked. */
export function startOrigin(port: number): Promise<void> {
  const server = createServer((request, response) => {
    const body = JSON.stringify({ method: request.method, path: request.url, headers: request.headers }, null, 2);
    response.setHeader('content-type', 'application/json');
    request.resume().on('end', () => response.end(`${body}\n`));
  });
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, '127.0.0.1', resolve);
  });
}
