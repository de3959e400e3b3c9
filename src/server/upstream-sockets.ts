import { CLUSTER } from '../cluster/cluster-facts.ts';
import type { TransportSocketSpec } from '../cluster/cluster-spec.ts';
import type { ServiceKey } from '../core/extension.ts';
import { ConfigPath, Problems } from '../core/problems.ts';
import { systemProcess } from '../core/process-facts.ts';
import type { StatStore } from '../core/stats/stats.ts';
import { PROCESS } from '../http/format/environment.ts';
import { type TlsMaterial, TLS_MATERIAL } from '../tls/material.ts';
import type { UpstreamTransportSocket } from '../transport/transport-socket.ts';
import { CompileRun, type ThreadServices } from './compile-context.ts';

const NO_CLUSTERS = { has: () => false };

/** Makes the transport sockets of one thread's clusters. */
export class UpstreamSockets {
  readonly #thread: ThreadServices;
  readonly #tls: TlsMaterial;

  constructor(thread: ThreadServices, tls: TlsMaterial) {
    this.#thread = thread;
    this.#tls = tls;
  }

  /** The main thread has compiled the same without a problem. `statScope`: `cluster.<name>`. */
  create({ name, typeUrl, value }: TransportSocketSpec, statScope: string, stats: StatStore): UpstreamTransportSocket | undefined {
    const problems = new Problems();
    const services = new Map<ServiceKey<unknown>, unknown>([
      [TLS_MATERIAL, this.#tls],
      [PROCESS, systemProcess],
      [CLUSTER, { statScope }],
    ]);
    const run = new CompileRun({ ...this.#thread, stats }, problems, NO_CLUSTERS, services);
    const any = { typeUrl, value: Buffer.from(value, 'base64') };
    const resolved = run.resolve('envoy.transport_sockets.upstream', name, any, ConfigPath.root, false);
    const socket = resolved?.extension.compile(resolved.config, ConfigPath.root, run) as UpstreamTransportSocket | undefined;
    if (!problems.ok) throw new Error(`a transport socket that was good in the main thread is not here: ${problems.errors[0]!.message}`);
    return socket;
  }
}
