import { ServerInfo_State } from '../api/generated/envoy/admin/v3.ts';
import type { AdminCertificate } from './admin-host.ts';
import { type AdminHandler, json, OK, text } from './handler.ts';
import { addressMessage, make, messageJson, timestamp } from './messages.ts';

export const ready: AdminHandler = (_request, host) => {
  const state = host.state();
  return text(`${state}\n`, state === 'LIVE' ? 200 : 503);
};

export const serverInfo: AdminHandler = (_request, host) => {
  const uptime = { seconds: BigInt(Math.floor(host.uptimeMs() / 1000)), nanos: 0 };
  const info = make('envoy.admin.v3.ServerInfo', {
    version: host.version,
    state: ServerInfo_State[host.state()],
    uptimeCurrentEpoch: uptime,
    uptimeAllEpochs: uptime,
    hotRestartVersion: 'disabled',
    commandLineOptions: host.commandLine(),
    node: host.node(),
  });
  return json(messageJson('envoy.admin.v3.ServerInfo', info, { defaults: true }));
};

export const listeners: AdminHandler = ({ params }, host) => {
  const all = host.listeners();
  if (params.get('format') !== 'json') return text(all.flatMap(({ name, address, additional }) => [address, ...additional].map(({ text: at }) => `${name}::${at}\n`)).join(''));
  const listenerStatuses = all.map(({ name, address, additional }) => ({ name, localAddress: addressMessage(address), additionalLocalAddresses: additional.map(addressMessage) }));
  return json(messageJson('envoy.admin.v3.Listeners', make('envoy.admin.v3.Listeners', { listenerStatuses })));
};

export const memory: AdminHandler = (_request, host) => {
  const { allocated, heapSize, physical } = host.memory();
  const message = make('envoy.admin.v3.Memory', {
    allocated: BigInt(allocated),
    heapSize: BigInt(heapSize),
    pageheapFree: BigInt(Math.max(0, heapSize - allocated)),
    totalPhysicalBytes: BigInt(physical),
  });
  return json(messageJson('envoy.admin.v3.Memory', message, { defaults: true }));
};

export const certs: AdminHandler = (_request, host) => {
  const certificates = host.tlsContexts().map(({ authorities, identities }) => ({ caCert: authorities.map(certificateDetails), certChain: identities.map(certificateDetails) }));
  return json(messageJson('envoy.admin.v3.Certificates', make('envoy.admin.v3.Certificates', { certificates }), { defaults: true }));
};

function certificateDetails({ path, serial, subjectAltNames, daysUntilExpiration, notBeforeMs, notAfterMs }: AdminCertificate) {
  return {
    path,
    serialNumber: serial,
    subjectAltNames: subjectAltNames.map(({ kind, value }) => ({ name: { case: kind === 'ip' ? ('ipAddress' as const) : kind, value } })),
    daysUntilExpiration: BigInt(daysUntilExpiration),
    validFrom: timestamp(notBeforeMs),
    expirationTime: timestamp(notAfterMs),
  };
}

/** Nothing is waited for once the interface answers: it starts with the first configuration in place. */
export const initDump: AdminHandler = () => json('{}\n');

export const hotRestartVersion: AdminHandler = () => text('disabled');

export const contention: AdminHandler = () => {
  return text('Mutex contention tracing is not enabled. To enable, run Envoy with flag --enable-mutex-tracing.');
};

export const failHealthChecks: AdminHandler = (_request, host) => {
  host.failHealthChecks(true);
  return OK;
};

export const passHealthChecks: AdminHandler = (_request, host) => {
  host.failHealthChecks(false);
  return OK;
};

export const drainListeners: AdminHandler = ({ params }, host) => {
  host.drainListeners({ graceful: params.has('graceful'), skipExit: params.has('skip_exit'), inboundOnly: params.has('inboundonly') });
  return OK;
};

export const reopenLogs: AdminHandler = (_request, host) => {
  host.reopenLogs();
  return OK;
};

export const quit: AdminHandler = (_request, host) => ({ ...OK, afterwards: () => host.quit() });
