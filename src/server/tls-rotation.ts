import type { Secret } from '../api/generated/envoy/extensions/transport_sockets/tls/v3.ts';
import type { Clock } from '../core/clock.ts';
import type { Logger } from '../core/log.ts';
import { formatProblem } from '../core/problems.ts';
import type { StatStore } from '../core/stats/stats.ts';
import type { Timers } from '../core/timers.ts';
import type { TlsContextReport } from '../tls/context-report.ts';
import type { CertificateStats } from './certificate-stats.ts';
import { type FileWatch, watchFolders } from './file-watch.ts';
import type { ConfigurationJudge, Judged } from './judge.ts';
import { SecretDiscovery } from './secrets/secret-discovery.ts';
import { TlsContextStats } from './tls-context-stats.ts';
import { encodeSecret, type JudgedTls } from './tls-material.ts';
import type { WorkerPool } from './worker-pool.ts';

export interface TlsRotationOptions {
  readonly judge: ConfigurationJudge;
  readonly workers: () => WorkerPool;
  readonly stats: () => CertificateStats;
  readonly store: () => StatStore;
  readonly clock: Clock;
  readonly timers: Timers;
  readonly log: Logger;
}

/**
 * Brings certificates to the workers, and others when the directories that are watched change. A change that leaves a context
 * without what it needs (a key that is not yet the certificate's) changes nothing: the next one is looked at again.
 */
export class TlsRotation {
  readonly #options: TlsRotationOptions;
  readonly #secrets: SecretDiscovery;
  readonly #contextStats: TlsContextStats;
  #judged: Judged | undefined;
  #tls: JudgedTls | undefined;
  /** What configurations are made from since their files were read again. */
  readonly #renewed = new WeakMap<Judged, JudgedTls>();
  #watch: FileWatch | undefined;

  constructor(options: TlsRotationOptions) {
    const { store, clock, timers, log } = options;
    this.#options = options;
    this.#contextStats = new TlsContextStats(store);
    this.#secrets = new SecretDiscovery({ stats: store, clock, timers, log, onUpdate: (key, secret) => this.#sendSecret(key, secret) });
  }

  /** To be called before the clusters and listeners of the same configuration are updated. */
  adopt(judged: Judged): void {
    const { timers, log } = this.#options;
    this.#judged = judged;
    this.#watch?.close();
    this.#watch = judged.tls.watched.length === 0 ? undefined : watchFolders(judged.tls.watched, { timers, log, onChange: () => this.#renew() });
    this.#send(this.#renewed.get(judged) ?? judged.tls);
  }

  get contexts(): readonly TlsContextReport[] {
    return reportsOf(this.#tls);
  }

  get secrets(): SecretDiscovery {
    return this.#secrets;
  }

  close(): void {
    this.#watch?.close();
    this.#secrets.close();
  }

  #send(tls: JudgedTls): void {
    this.#tls = tls;
    this.#secrets.adopt(tls);
    this.#contextStats.show(tls.contexts);
    this.#options.stats().show(this.contexts);
    const sourced = new Map([...this.#secrets.secrets].map(([key, secret]) => [key, encodeSecret(secret)]));
    if (tls.files.size + tls.secrets.length + sourced.size > 0) this.#options.workers().updateTls({ secrets: tls.secrets, sourced, files: tls.files });
  }

  #sendSecret(key: string, secret: Secret): void {
    this.#options.stats().show(this.contexts);
    this.#options.workers().updateSecret(key, encodeSecret(secret));
  }

  #renew(): void {
    const { judge, log } = this.#options;
    const { problems, tls } = judge.renewTls(this.#judged!);
    if (!problems.ok) {
      for (const problem of problems.errors) log.warning(`certificates are not renewed: ${formatProblem(problem)}`);
      return;
    }
    const before = this.#tls!.files;
    const changed = [...tls.files].filter(([path, bytes]) => Buffer.compare(bytes, before.get(path) ?? EMPTY) !== 0).map(([path]) => path);
    if (changed.length === 0) return;
    this.#renewed.set(this.#judged!, tls);
    this.#send(tls);
    log.info(`certificates are renewed: ${changed.join(', ')}`);
  }
}

function reportsOf(tls: JudgedTls | undefined): readonly TlsContextReport[] {
  return (tls?.contexts ?? []).map(({ report }) => report).filter((report) => report !== undefined);
}

const EMPTY = new Uint8Array();
