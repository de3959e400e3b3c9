import { spawn } from 'node:child_process';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startOrigin } from './origin.ts';

/** `npm start`: the demo origin here, the gateway in front of it as a process of its own. */
try {
  await startOrigin(10001);
} catch (error) {
  console.error(`the demo origin cannot listen on port 10001: ${(error as Error).message}`);
  process.exit(1);
}
const root = new URL('../../', import.meta.url);
// Kept without types, sources need no compiler for TypeScript in the gateway's memory: not even for the file that would ask for the cache.
const env = { ...process.env, NODE_COMPILE_CACHE: process.env['NODE_COMPILE_CACHE'] ?? join(tmpdir(), 'node-compile-cache') };
const gateway = spawn(process.execPath, ['--max-semi-space-size=16', 'src/main.ts', '-c', 'examples/quickstart/envoy.yaml', '--concurrency', '1'], { cwd: root, env, stdio: 'inherit' });
gateway.on('exit', (code) => process.exit(code ?? 1));
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, () => gateway.kill(signal));
console.log(`nuncio runs examples/quickstart/envoy.yaml. Try:
  curl -i localhost:10000/            (forwarded to the demo origin on port 10001)
  curl -i localhost:10000/hello       (answered by the route itself)
  curl localhost:9901/stats           (the admin interface)
Ctrl-C stops it.`);
