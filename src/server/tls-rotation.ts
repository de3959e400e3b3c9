import type { Logger } from '../core/log.ts';
import { formatProblem } from '../core/problems.ts';
import type { Timers } from '../core/timers.ts';
import type { TlsContextReport } from '../tls/context-report.ts';
import type { CertificateStats } from './certificate-stats.ts';
import { type FileWatch, watchFolders } from './file-watch.ts';
import type { ConfigurationJudge, Judged } from './judge.ts';
import type { JudgedTls } from './tls-material.ts';
import type { WorkerPool } from './worker-pool.ts';

export interface TlsRotationOptions {
  readonly judge: ConfigurationJudge;
  readonly workers: () => WorkerPool;
  readonly stats: () => CertificateStats;
  readonly timers: Timers;
  readonly log: Logger;
}

/**
 * Brings certificates to the workers, and others when the directories that are watched change. A change that leaves a context
 * without what it needs (a key that is not yet the certificate's) changes nothing: the next one is looked at again.
 */
export class TlsRotation {
  readonly #options: TlsRotationOptions;
  #judged: Judged | undefined;
  #tls: JudgedTls | undefined;
  #watch: FileWatch | undefined;

  constructor(options: TlsRotationOptions) {
    this.#options = options;
  }

  /** To be called before the clusters and listeners of the same configuration are updated. */
  adopt(judged: Judged): void {
    const { timers, log } = this.#options;
    this.#judged = judged;
    this.#watch?.close();
    this.#watch = judged.tls.watched.length === 0 ? undefined : watchFolders(judged.tls.watched, { timers, log, onChange: () => this.#renew() });
    this.#send(judged.tls);
  }

  get contexts(): readonly TlsContextReport[] {
    return this.#tls?.contexts ?? [];
  }

  close(): void {
    this.#watch?.close();
  }

  #send(tls: JudgedTls): void {
    this.#tls = tls;
    this.#options.stats().show(tls.contexts);
    if (tls.files.size > 0 || tls.secrets.length > 0) this.#options.workers().updateTls({ secrets: tls.secrets, files: tls.files });
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
    this.#send(tls);
    log.info(`certificates are renewed: ${changed.join(', ')}`);
  }
}

const EMPTY = new Uint8Array();
