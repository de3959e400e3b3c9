import { enableCompileCache } from 'node:module';
import { workerData } from 'node:worker_threads';
import type { WorkerSetup } from './messages.ts';

/** Where a worker thread starts. A thread has a compile cache of its own, and only for what it loads after asking for it. */
if ((workerData as WorkerSetup).compileCache) enableCompileCache();
await import('./worker-program.ts');
