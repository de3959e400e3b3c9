import { parentPort, workerData } from 'node:worker_threads';
import { decodeMessage } from '../api/decode.ts';
import type { Bootstrap } from '../api/generated/envoy/config/bootstrap/v3.ts';
import { SharedBreakerTable } from '../cluster/breaker-table.ts';
import { systemClock } from '../core/clock.ts';
import { silentLogger } from '../core/log.ts';
import { SystemRandom } from '../core/random.ts';
import { emptyRuntime } from '../core/runtime.ts';
import { SharedStatStore } from '../core/stats/store.ts';
import { Timers } from '../core/timers.ts';
import { extensions } from '../extensions.ts';
import { createDirectTransport } from '../transport/direct-transport.ts';
import { createPublicTransport } from '../transport/public-transport.ts';
import { ExtensionRegistry } from './extension-registry.ts';
import type { FromWorker, ToWorker, WorkerSetup } from './messages.ts';
import { ProxyThread } from './proxy-thread.ts';

/** The program of a worker thread: a ProxyThread that is told what to do by messages. */

const setup = workerData as WorkerSetup;
const port = parentPort!;
const send = (message: FromWorker): void => port.postMessage(message);
const timers = new Timers(systemClock);
const connectionIds = new Int32Array(setup.connectionIds);

const thread = new ProxyThread({
  index: setup.index,
  registry: new ExtensionRegistry(extensions),
  transport: (setup.transport === 'direct' ? createDirectTransport({ timers }) : undefined) ?? createPublicTransport({ timers }),
  clock: systemClock,
  timers,
  random: new SystemRandom(),
  runtime: emptyRuntime,
  stats: new SharedStatStore({ onAnnounce: (announcement) => send({ kind: 'statistics', announcement }) }),
  log: silentLogger,
  node: setup.node,
  breakers: new SharedBreakerTable(setup.breakers),
  nextConnectionId: () => Atomics.add(connectionIds, 0, 1),
});

function decodeBootstrap(bytes: Uint8Array): Bootstrap {
  const decoded = decodeMessage('envoy.config.bootstrap.v3.Bootstrap', bytes);
  if (!decoded.ok) throw new Error(`a bootstrap from the main thread cannot be read: ${decoded.reason}`);
  return decoded.message as Bootstrap;
}

async function onMessage(message: ToWorker): Promise<void> {
  switch (message.kind) {
    case 'configure': {
      const { configuration, id } = message;
      const outcome = await thread.configure({ ...configuration, bootstrap: decodeBootstrap(configuration.bootstrap) });
      send({ kind: 'configured', id, outcome });
      return;
    }
    case 'hosts':
      thread.updateHosts(message.update);
      return;
    case 'drain':
      thread.startDrain(message.settings);
      return;
    case 'stop-listening':
      await thread.stopListening();
      send({ kind: 'done', id: message.id });
      return;
    case 'reopen-logs':
      thread.reopenLogs();
      return;
    case 'close':
      await thread.close();
      send({ kind: 'done', id: message.id });
  }
}

// A rejection is a bug here: it ends this thread, and the main thread starts another.
port.on('message', (message: ToWorker) => {
  void onMessage(message).catch((error: unknown) => {
    setImmediate(() => {
      throw error;
    });
  });
});
send({ kind: 'ready' });
