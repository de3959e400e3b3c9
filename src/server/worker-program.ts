import { parentPort, threadId, workerData } from 'node:worker_threads';
import { decodeMessage } from '../api/decode.ts';
import type { Listener as ListenerMessage } from '../api/generated/envoy/config/listener/v3.ts';
import { SharedProcessCounts } from '../core/process-counts.ts';
import { systemClock } from '../core/clock.ts';
import { SystemRandom } from '../core/random.ts';
import { SharedStatStore } from '../core/stats/store.ts';
import { Timers } from '../core/timers.ts';
import { extensions } from '../extensions.ts';
import { createTransport } from '../transport/select-transport.ts';
import { ExtensionRegistry } from './extension-registry.ts';
import { ReceivedClusters } from './cluster-changes.ts';
import { Heartbeat } from './heartbeat.ts';
import { SnapshotRuntime } from './layered-runtime.ts';
import { LogLevels } from './log-components.ts';
import { compileLogFormat } from './log-format.ts';
import { ComponentLogger, LogSink } from './logger.ts';
import type { FromWorker, ToWorker, WorkerSetup } from './messages.ts';
import { ProxyThread } from './proxy-thread.ts';

/** The program of a worker thread: a ProxyThread that is told what to do by messages. */

const setup = workerData as WorkerSetup;
const port = parentPort!;
const send = (message: FromWorker): void => port.postMessage(message);
const timers = new Timers(systemClock);
const connectionIds = new Int32Array(setup.connectionIds);
const sink = new LogSink(setup.log.path);
const levels = new LogLevels(setup.log.levels);
const runtime = new SnapshotRuntime();
runtime.replace(setup.runtime);

const thread = new ProxyThread({
  index: setup.index,
  registry: new ExtensionRegistry(extensions, setup.disabledExtensions),
  transport: createTransport(setup.transport, timers),
  clock: systemClock,
  timers,
  random: new SystemRandom(),
  runtime,
  stats: new SharedStatStore({ onAnnounce: (announcement) => send({ kind: 'statistics', announcement }) }),
  log: new ComponentLogger({ clock: systemClock, sink, levels, format: compileLogFormat(setup.log.format), thread: threadId }),
  node: setup.node,
  files: setup.files,
  watchdog: setup.watchdog,
  drain: setup.drain,
  counts: new SharedProcessCounts(setup.counts),
  ticketSecret: setup.ticketSecret,
  nextConnectionId: () => Atomics.add(connectionIds, 0, 1),
  reopenLog: () => sink.reopen(),
});

const clusters = new ReceivedClusters();
const heartbeat = new Heartbeat(setup.heartbeat, timers);

process.on('uncaughtExceptionMonitor', () => thread.rescueAccessLogs());

function decodeListener(bytes: Uint8Array): ListenerMessage {
  const decoded = decodeMessage('envoy.config.listener.v3.Listener', bytes);
  if (!decoded.ok) throw new Error(`a listener from the main thread cannot be read: ${decoded.reason}`);
  return decoded.message as ListenerMessage;
}

/** Tells in the second number that it waits for the first. */
function stall(gate: SharedArrayBuffer): void {
  const [opened, held] = [0, 1];
  const numbers = new Int32Array(gate);
  Atomics.store(numbers, held, 1);
  Atomics.notify(numbers, held);
  Atomics.wait(numbers, opened, 0);
}

async function onMessage(message: ToWorker): Promise<void> {
  switch (message.kind) {
    case 'tls':
      thread.updateTls(message);
      return;
    case 'secret':
      thread.updateSecret(message.key, message.secret);
      return;
    case 'clusters':
      thread.updateClusters(clusters.apply(message));
      return;
    case 'hosts':
      thread.updateHosts(message.update);
      return;
    case 'listeners': {
      const updates = message.listeners.map(({ name, bytes }) => ({ name, message: bytes && decodeListener(bytes) }));
      const value = await thread.updateListeners(updates, message.ports);
      send({ kind: 'answer', id: message.id, value });
      return;
    }
    case 'runtime':
      thread.updateRuntime(message.values);
      return;
    case 'overload':
      thread.updateOverload(message.message);
      return;
    case 'drain':
      thread.drain(message.settings);
      return;
    case 'reopen-logs':
      thread.reopenLogs();
      return;
    case 'count-connections':
      send({ kind: 'answer', id: message.id, value: await thread.countConnections() });
      return;
    case 'stop-listening':
      await thread.stopListening(message.inboundOnly);
      break;
    case 'close':
      await thread.close();
      break;
    case 'fail':
      throw new Error(message.reason);
    case 'stall':
      stall(message.gate);
      return;
  }
  send({ kind: 'answer', id: message.id, value: undefined });
}

// A rejection is a bug here: it ends this thread, and the main thread starts another.
port.on('message', (message: ToWorker) => {
  heartbeat.beat();
  void onMessage(message).catch((error: unknown) => {
    setImmediate(() => {
      throw error;
    });
  });
});
