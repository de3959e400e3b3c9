import { parseOptions, USAGE } from './options.ts';
import type { Options } from './options.ts';

/** `npm run bench`: see `bench/README.md`. */
async function main(): Promise<number> {
  let options: Options;
  try {
    options = parseOptions(process.argv.slice(2));
  } catch (error) {
    process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n\n${USAGE}`);
    return 2;
  }
  if (options.help) {
    process.stdout.write(USAGE);
    return 0;
  }
  const [first, ...rest] = options.names;
  if (first === 'micro') return (await import('./micro/runner/run-micro.ts')).runMicro({ ...options, names: rest });
  if (first === 'reload') return (await import('./checks/reload-under-load.ts')).checkReload(options);
  if (first === 'rotate') return (await import('./checks/rotate-under-load.ts')).checkRotation();
  if (first === 'bad-peers') return (await import('./checks/bad-peers.ts')).checkBadPeers();
  const endToEnd = await import('./end-to-end/run-end-to-end.ts');
  return first === 'list' ? endToEnd.list() : endToEnd.runEndToEnd(options);
}

process.exitCode = await main();
