import { spawn } from 'node:child_process';
import { startOrigin } from './origin.ts';

/** `npm start`: the demo origin here, the gateway in front of it as a process of its own. */
await startOrigin(10001);
const root = new URL('../../', import.meta.url);
const gateway = spawn(process.execPath, ['--max-semi-space-size=8', 'src/main.ts', '-c', 'examples/quickstart/envoy.yaml', '--concurrency', '1'], { cwd: root, stdio: 'inherit' });
gateway.on('exit', (code) => process.exit(code ?? 1));
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, () => gateway.kill(signal));
console.log(`nuncio runs examples/quickstart/envoy.yaml. Try:
  curl -i localhost:10000/            (forwarded to the demo origin on port 10001)
  curl -i localhost:10000/hello       (answered by the route itself)
  curl localhost:9901/stats           (the admin interface)
Ctrl-C stops it.`);
