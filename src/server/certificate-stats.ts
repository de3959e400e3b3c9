import { defineStats, type StatGroup, type StatStore } from '../core/stats/stats.ts';
import { daysUntil, type TlsContextReport } from '../tls/context-report.ts';

/** `listener.<address>.ssl.certificate.<name>.*`, `cluster.<name>.ssl.certificate.<name>.*` */
const CERTIFICATE_STATS = defineStats({ gauges: ['expiration_unix_time_seconds'] });

/** Envoy's value where there is no certificate. */
export const NO_CERTIFICATE = 0xffff_ffff;

/** When certificates expire. Of those that share a name the last counts, and of authorities the first, as in Envoy. */
export class CertificateStats {
  readonly #store: StatStore;
  #groups: readonly StatGroup[] = [];
  #firstExpiryMs = Infinity;

  constructor(store: StatStore) {
    this.#store = store;
  }

  show(contexts: readonly TlsContextReport[]): void {
    const before = this.#groups;
    const moments = new Map<string, number>();
    for (const { statScope, authorities, identities } of contexts) {
      for (const { statName, notAfterMs } of [...authorities.toReversed(), ...identities]) moments.set(`${statScope}.ssl.certificate.${statName}`, notAfterMs);
    }
    this.#groups = [...moments].map(([prefix, notAfterMs]) => {
      const group = this.#store.group(prefix, CERTIFICATE_STATS);
      group.gaugeSet(CERTIFICATE_STATS.expiration_unix_time_seconds, Math.floor(notAfterMs / 1000));
      return group;
    });
    for (const group of before) this.#store.release(group);
    this.#firstExpiryMs = contexts.reduce((first, { authorities, identities }) => [...authorities, ...identities].reduce((least, { notAfterMs }) => Math.min(least, notAfterMs), first), Infinity);
  }

  /** `server.days_until_first_cert_expiring` */
  daysUntilFirstExpiry(nowMs: number): number {
    return this.#firstExpiryMs === Infinity ? NO_CERTIFICATE : daysUntil(this.#firstExpiryMs, nowMs);
  }
}
