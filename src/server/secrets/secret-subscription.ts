import { basename } from 'node:path';
import type { Secret } from '../../api/generated/envoy/extensions/transport_sockets/tls/v3.ts';
import type { Clock } from '../../core/clock.ts';
import type { Logger } from '../../core/log.ts';
import { fs } from '../../core/node-modules.ts';
import { defineStats, type StatGroup, type StatStore } from '../../core/stats/stats.ts';
import type { Timer, Timers } from '../../core/timers.ts';
import { xxHash64 } from '../../core/xxhash64.ts';
import type { SecretSource } from '../../tls/secret-source.ts';
import { type FileWatch, folderOf, watchRenames } from '../file-watch.ts';
import { encodeSecret } from '../tls-material.ts';
import { foldersOf, readSecretFile, withContents } from './secret-file.ts';

/** `sds.<name>.*`: as in Envoy, secrets of one name and different sources count together. */
const SECRET_STATS = defineStats({
  counters: ['init_fetch_timeout', 'key_rotation_failed', 'update_attempt', 'update_failure', 'update_rejected', 'update_success'],
  gauges: ['update_time', 'version'],
  histograms: ['update_duration'],
});

export interface SecretSubscriptionOptions {
  readonly stats: StatStore;
  readonly clock: Clock;
  readonly timers: Timers;
  readonly log: Logger;
  /** Offers what has come; what is wrong with it for those who use it is returned, and then it counts for nothing. */
  onSecret(key: string, secret: Secret): readonly string[];
}

/** Reads one secret from its file, again when that or a file it names is replaced, and keeps the last good one. */
export class SecretSubscription {
  readonly source: SecretSource;
  version = '';
  updatedMs: number;
  #good: Secret | undefined;
  /** As the file says it, with the names of other files. */
  #written: Secret | undefined;
  readonly #options: SecretSubscriptionOptions;
  readonly #stats: StatGroup;
  #watch: FileWatch | undefined;
  #contentsWatch: FileWatch | undefined;
  #poll: Timer | undefined;

  constructor(source: SecretSource, options: SecretSubscriptionOptions) {
    this.source = source;
    this.#options = options;
    this.updatedMs = options.clock.wallMs();
    this.#stats = options.stats.group(`sds.${source.name.replaceAll(':', '_')}`, SECRET_STATS);
  }

  get name(): string {
    return this.source.name;
  }

  /** Undefined until a good one has come. */
  get secret(): Secret | undefined {
    return this.#good;
  }

  start(): void {
    const { path, watchedDirectory, pollIntervalMs } = this.source;
    const { timers, log } = this.#options;
    const watched = watchedDirectory === '' ? { folder: folderOf(path), name: basename(path) } : { folder: watchedDirectory };
    if (pollIntervalMs > 0) this.#pollEvery(pollIntervalMs);
    else this.#watch = watchRenames([watched], { timers, log, onChange: () => this.#readIfThere() });
    this.#read();
  }

  close(): void {
    this.#watch?.close();
    this.#contentsWatch?.close();
    this.#poll?.disarm();
    this.#options.stats.release(this.#stats);
  }

  #pollEvery(intervalMs: number): void {
    this.#poll = this.#options.timers.after(intervalMs, {
      onTimer: () => {
        this.#pollEvery(intervalMs);
        this.#read();
      },
    });
  }

  /** A file that is taken away leaves what it held. */
  #readIfThere(): void {
    if (fs.existsSync(this.source.path)) this.#read();
  }

  #read(): void {
    const { log, clock } = this.#options;
    const stats = this.#stats;
    stats.inc(SECRET_STATS.update_attempt);
    const file = readSecretFile(this.source);
    if (file.kind === 'unreadable') {
      stats.inc(SECRET_STATS.update_failure);
      log.warning(`secret '${this.name}' is not updated: ${file.reason}`);
      return;
    }
    const reasons = file.kind === 'unfit' ? [file.reason] : this.#offer(file.secret);
    for (const reason of reasons) log.warning(`secret '${this.name}' of ${this.source.path} is rejected: ${reason}`);
    if (file.kind === 'unfit' || reasons.length > 0) {
      stats.inc(SECRET_STATS.update_rejected);
      return;
    }
    this.version = file.version;
    this.#written = file.secret;
    this.#watchContents(file.secret);
    stats.inc(SECRET_STATS.update_success);
    stats.gaugeSet(SECRET_STATS.update_time, clock.wallMs());
    stats.gaugeSet(SECRET_STATS.version, Number(xxHash64(Buffer.from(file.version))));
  }

  /** A file that the secret names was replaced: a key that is not yet the certificate's waits for the next change. */
  #readContents(): void {
    const reasons = this.#offer(this.#written!);
    if (reasons.length === 0) return;
    this.#stats.inc(SECRET_STATS.key_rotation_failed);
    for (const reason of reasons) this.#options.log.warning(`files of secret '${this.name}' are not taken: ${reason}`);
  }

  #offer(written: Secret): readonly string[] {
    const read = withContents(written);
    if ('reason' in read) return [read.reason];
    this.updatedMs = this.#options.clock.wallMs();
    if (this.#good !== undefined && isEqual(this.#good, read.secret)) return [];
    const reasons = this.#options.onSecret(this.source.key, read.secret);
    if (reasons.length > 0) return reasons;
    if (this.#good !== undefined) this.#options.log.info(`secret '${this.name}' is updated`);
    this.#good = read.secret;
    return reasons;
  }

  #watchContents(secret: Secret): void {
    this.#contentsWatch?.close();
    const { timers, log } = this.#options;
    const watches = foldersOf(secret).map((folder) => ({ folder }));
    this.#contentsWatch = watches.length === 0 ? undefined : watchRenames(watches, { timers, log, onChange: () => this.#readContents() });
  }
}

function isEqual(one: Secret, other: Secret): boolean {
  return Buffer.from(encodeSecret(one)).equals(encodeSecret(other));
}
