import { availableParallelism } from 'node:os';
import { parseCommandLine } from './server/options.ts';

/** The command line. The only place that ends the process on purpose. */
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
    process.exit(await runServer(command.options, (text) => process.stdout.write(text)));
  }
}
