import { create } from '@bufbuild/protobuf';
import { schemaOf } from '../../src/api/registry.ts';
import type { AdminCluster, AdminHost, AdminMemory, AdminTlsContext, DrainRequest } from '../../src/admin/admin-host.ts';
import type { Bootstrap } from '../../src/api/generated/envoy/config/bootstrap/v3.ts';
import type { LogLevel } from '../../src/core/log.ts';
import { PrometheusRenderer } from '../../src/core/stats/render-prometheus.ts';
import { StatScrape } from '../../src/core/stats/scrape.ts';
import { defineStats } from '../../src/core/stats/stats.ts';
import { SharedStatStore } from '../../src/core/stats/store.ts';
import { TagExtractor } from '../../src/core/stats/tags.ts';

export const ORIGIN: AdminCluster = {
  name: 'origin',
  observabilityName: 'origin',
  addedViaApi: false,
  breakers: [
    { maxConnections: 1024, maxPendingRequests: 1024, maxRequests: 1024, maxRetries: 3 },
    { maxConnections: 1024, maxPendingRequests: 1024, maxRequests: 1024, maxRetries: 3 },
  ],
  hosts: [
    {
      address: { kind: 'ip', host: '127.0.0.1', port: 8080, text: '127.0.0.1:8080' },
      hostname: '',
      healthFlagsText: 'healthy',
      edsHealth: 'UNKNOWN',
      weight: 1,
      locality: { region: '', zone: '', subZone: '' },
      localityWeight: 0,
      metadata: undefined,
      canary: false,
      priority: 0,
      successRate: -1,
      localOriginSuccessRate: -1,
      statPrefix: 'origin/8080',
    },
  ],
  overprovisioningFactor: 140,
};

const HTTP_STATS = defineStats({ counters: ['downstream_rq_total'], gauges: ['downstream_cx_active'] });

/** A process of which everything is known; what is done to it is written down in `done`. */
export class FakeHost implements AdminHost {
  readonly done: unknown[] = [];
  readonly logged: string[] = [];
  readonly scrape = new StatScrape();
  readonly levels = new Map<string, LogLevel>([
    ['admin', 'info'],
    ['http', 'info'],
  ]);
  readonly version = 'abc/1.40.0/Clean/RELEASE/OpenSSL';
  bootstrap: Bootstrap = create(schemaOf('envoy.config.bootstrap.v3.Bootstrap'));
  serverState: ReturnType<AdminHost['state']> = 'LIVE';
  counted = new Map<string, ReadonlyMap<string, number>>();
  layers: { name: string; entries: Map<string, { text: string }> }[] = [];
  readonly log = { warning: (message: string) => this.logged.push(message), error: (message: string) => this.logged.push(message) };

  constructor() {
    this.scrape.addThread(0);
    const store = new SharedStatStore({ direct: true, onAnnounce: (announcement) => this.scrape.announce(0, announcement) });
    store.group('http.ingress', HTTP_STATS).inc(HTTP_STATS.downstream_rq_total);
  }

  readonly stats: AdminHost['stats'] = {
    snapshot: () => this.scrape.snapshot(),
    refresh: () => {},
    resetCounters: () => this.scrape.resetCounters(),
    prometheus: new PrometheusRenderer(new TagExtractor()),
    processMetrics: () => Promise.resolve('# TYPE nodejs_test gauge\nnodejs_test 1\n'),
    endpointValues: () => this.counted,
  };

  readonly runtime: AdminHost['runtime'] = {
    layers: () => this.layers,
    modify: (changes) => {
      const admin = this.layers.find(({ name }) => name === 'admin');
      for (const [key, text] of changes) {
        if (text === '') admin?.entries.delete(key);
        else admin?.entries.set(key, { text });
      }
      return admin !== undefined;
    },
  };

  readonly logging: AdminHost['logging'] = {
    list: () => [...this.levels],
    setAll: (level) => this.levels.forEach((_level, name) => this.levels.set(name, level)),
    set: (name, level) => this.levels.has(name) && this.levels.set(name, level) !== undefined,
  };

  state(): ReturnType<AdminHost['state']> {
    return this.serverState;
  }

  uptimeMs(): number {
    return 12_345;
  }

  node() {
    return create(schemaOf('envoy.config.core.v3.Node'), { id: 'me', userAgentName: 'envoy' });
  }

  commandLine() {
    return create(schemaOf('envoy.admin.v3.CommandLineOptions'), { concurrency: 2, drainTime: { seconds: 600n } });
  }

  configuration() {
    return { bootstrap: this.bootstrap, loadedMs: Date.UTC(2026, 0, 2, 3, 4, 5, 678) + 0.25 };
  }

  clusters(): readonly AdminCluster[] {
    return [ORIGIN];
  }

  listeners() {
    const at = (host: string) => ({ kind: 'ip' as const, host, port: 10000, text: `${host}:10000` });
    return [{ name: 'ingress', address: at('127.0.0.1'), additional: [at('127.0.0.2')] }];
  }

  secrets() {
    return [];
  }

  tlsContexts(): readonly AdminTlsContext[] {
    const notBeforeMs = Date.UTC(2020, 0, 1);
    const notAfterMs = Date.UTC(2021, 0, 1);
    const subjectAltNames = [{ kind: 'dns' as const, value: 'example.com' }, { kind: 'ip' as const, value: '::1' }];
    return [{ authorities: [], identities: [{ path: '<inline>', serial: '03', subjectAltNames, daysUntilExpiration: 0, notBeforeMs, notAfterMs }] }];
  }

  memory(): AdminMemory {
    return { allocated: 100, heapSize: 300, physical: 1000 };
  }

  failHealthChecks(fail: boolean): void {
    this.done.push(['fail', fail]);
  }

  drainListeners(request: DrainRequest): void {
    this.done.push(['drain', request]);
  }

  reopenLogs(): void {
    this.done.push('reopen');
  }

  quit(): void {
    this.done.push('quit');
  }
}
