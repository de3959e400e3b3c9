import { enableCompileCache } from 'node:module';
import { availableParallelism } from 'node:os';

/** The command line. The only place that ends the process on purpose. */

// Keeps compiled code between starts, of what is loaded from here on: this file imports nothing of its own before.
enableCompileCache();
const { parseCommandLine } = await import('./server/options.ts');
const command = parseCommandLine(process.argv.slice(2), availableParallelism());
switch (command.kind) {
  case 'print':
    process.stdout.write(command.text);
    break;
  case 'error':
    process.stderr.write(command.text);
    process.exitCode = 1;
    break;
  case 'run': {
    const { runServer } = await import('./server/run-server.ts');
    process.exit(await runServer(command.options, { out: (text) => void process.stdout.write(text), error: (text) => void process.stderr.write(text) }));
  }
}
