import { parseArgs } from 'node:util';
import { ConfigurationError, Proxy } from './server/proxy.ts';

const { values } = parseArgs({
  options: { 'config-path': { type: 'string', short: 'c' }, 'config-yaml': { type: 'string' }, transport: { type: 'string' }, concurrency: { type: 'string' } },
});
try {
  const proxy = await Proxy.start({
    path: values['config-path'],
    yaml: values['config-yaml'],
    transport: values.transport as 'auto' | undefined,
    concurrency: Number(values.concurrency ?? 1),
  });
  for (const { name, address } of proxy.addresses()) console.error(`listener ${name} on ${address.text}`);
  const stop = (): void => void proxy.close().then(() => process.exit(0));
  process.on('SIGTERM', stop);
  process.on('SIGINT', stop);
  process.on('SIGHUP', () => void proxy.reload().then(() => console.error('reloaded'), (error: Error) => console.error(error.message)));
} catch (error) {
  console.error(error instanceof ConfigurationError ? error.message : error);
  process.exit(1);
}
