import { availableParallelism } from 'node:os';
import { prepareModuleLoading } from './server/module-loading.ts';

/** The command line. The only place that ends the process on purpose. */

// While this loads, who asks for a reload or for new logs means neither that the process ends nor that Node.js opens its debugger.
for (const signal of ['SIGHUP', 'SIGUSR1'] as const) process.on(signal, () => {});
// For what is loaded from here on: this file imports nothing else of its own before.
prepareModuleLoading(true);
const { parseCommandLine } = await import('./server/options.ts');
const command = parseCommandLine(process.argv.slice(2), availableParallelism());
switch (command.kind) {
  case 'print':
    tell(process.stdout, command.text);
    break;
  case 'error':
    tell(process.stderr, command.text);
    process.exitCode = 1;
    break;
  case 'run': {
    const { runServer } = await import('./server/run-server.ts');
    process.exit(await runServer(command.options, { out: (text) => tell(process.stdout, text), error: (text) => tell(process.stderr, text) }));
  }
}

/** Who reads may have gone: that is no fault of this program. */
function tell(stream: NodeJS.WriteStream, text: string): void {
  stream.once('error', () => {}).write(text);
}
