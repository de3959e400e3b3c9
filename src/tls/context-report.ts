import { createHash } from 'node:crypto';
import type { DataSource } from '../api/generated/envoy/config/core/v3.ts';
import type { X509Info } from './certificate-info.ts';

/** What a TLS context was made from, for people. */
export interface TlsContextReport {
  /** `listener.<address>`, `cluster.<name>`. */
  readonly statScope: string;
  readonly authorities: readonly CertificateReport[];
  readonly identities: readonly CertificateReport[];
}

export interface CertificateReport {
  /** The file it came from, or `<inline>`. */
  readonly path: string;
  /** `<scope>.ssl.certificate.<statName>` */
  readonly statName: string;
  readonly serial: string;
  readonly subjectAltNames: readonly { readonly kind: 'dns' | 'uri' | 'ip'; readonly value: string }[];
  readonly notBeforeMs: number;
  readonly notAfterMs: number;
}

export function certificateReport(info: X509Info, path: string, statName: string): CertificateReport {
  const names = (kind: 'dns' | 'uri' | 'ip') => info.alternatives(kind).map((value) => ({ kind, value }));
  const { serial, notBeforeMs, notAfterMs } = info;
  return { path, statName, serial, subjectAltNames: [...names('dns'), ...names('uri'), ...names('ip')], notBeforeMs, notAfterMs };
}

/** Statistics name a secret by its name. What has none is named by its inline bytes, and all that come from elsewhere alike. */
export function unnamedStatName(kind: 'cert' | 'ca_cert', source: DataSource | undefined): string {
  const bytes = source?.specifier.case === 'inlineBytes' ? source.specifier.value : new Uint8Array();
  return `unnamed_${kind}_${createHash('sha256').update(bytes).digest('hex').slice(0, 8)}`;
}

const DAY_MS = 86_400_000;

export function daysUntil(moment: number, nowMs: number): number {
  return Math.max(0, Math.floor((moment - nowMs) / DAY_MS));
}
