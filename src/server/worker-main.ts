import { workerData } from 'node:worker_threads';
import type { WorkerSetup } from './messages.ts';
import { prepareModuleLoading } from './module-loading.ts';

/** Where a worker thread starts. A thread has a compile cache and hooks of its own. */
prepareModuleLoading((workerData as WorkerSetup).compileCache);
await import('./worker-program.ts');
