import type { SocketOption, TcpKeepalive } from '../api/generated/envoy/config/core/v3.ts';
import type { CompileContext } from '../core/extension.ts';
import type { ConfigPath } from '../core/problems.ts';

/** When a connection that is silent is asked whether its peer is there. */
export interface KeepAlive {
  readonly delayMs: number;
  readonly intervalMs: number;
  readonly probes: number;
}

/** Linux's, for what is not set. */
const DEFAULTS: KeepAlive = { delayMs: 7_200_000, intervalMs: 75_000, probes: 9 };

const SOL_SOCKET = 1;
const SO_KEEPALIVE = 9;
const IPPROTO_TCP = 6;
const TCP_NODELAY = 1;
const TCP_KEEPIDLE = 4;
const TCP_KEEPINTVL = 5;
const TCP_KEEPCNT = 6;

/** `at`: of the list of options. */
export function compileKeepAlive(message: TcpKeepalive | undefined, options: readonly SocketOption[], at: ConfigPath, context: CompileContext): KeepAlive | undefined {
  const ofOptions = compileSocketOptions(options, at, context);
  if (message === undefined) return ofOptions;
  // Any 0 turns it off.
  if ([message.keepaliveTime, message.keepaliveInterval, message.keepaliveProbes].includes(0)) return undefined;
  return {
    delayMs: message.keepaliveTime === undefined ? DEFAULTS.delayMs : message.keepaliveTime * 1000,
    intervalMs: message.keepaliveInterval === undefined ? DEFAULTS.intervalMs : message.keepaliveInterval * 1000,
    probes: message.keepaliveProbes ?? DEFAULTS.probes,
  };
}

/** Those that Node can set: they all are about keeping connections alive. */
function compileSocketOptions(options: readonly SocketOption[], at: ConfigPath, context: CompileContext): KeepAlive | undefined {
  let isOn = false;
  let keepAlive = DEFAULTS;
  options.forEach(({ level, name, value }, index) => {
    const number = value.case === 'intValue' ? Number(value.value) : NaN;
    const option = `${level}/${name}`;
    if (option === `${SOL_SOCKET}/${SO_KEEPALIVE}`) isOn = number !== 0;
    else if (option === `${IPPROTO_TCP}/${TCP_KEEPIDLE}` && number > 0) keepAlive = { ...keepAlive, delayMs: number * 1000 };
    else if (option === `${IPPROTO_TCP}/${TCP_KEEPINTVL}` && number > 0) keepAlive = { ...keepAlive, intervalMs: number * 1000 };
    else if (option === `${IPPROTO_TCP}/${TCP_KEEPCNT}` && number > 0) keepAlive = { ...keepAlive, probes: number };
    // Every connection has it.
    else if (option !== `${IPPROTO_TCP}/${TCP_NODELAY}` || number !== 1) {
      const settable = 'Node sets SO_KEEPALIVE (1/9), TCP_NODELAY (6/1), TCP_KEEPIDLE (6/4), TCP_KEEPINTVL (6/5), TCP_KEEPCNT (6/6); what else a socket needs is set for the machine, with sysctl';
      context.error(at.index(index), `not supported: socket option of level ${level} and name ${name} (${settable})`);
    }
  });
  return isOn ? keepAlive : undefined;
}
