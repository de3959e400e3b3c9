import { hostname } from 'node:os';

/** What formats may tell of the process; handed out by the composition root so that tests can make it up. */
export interface ProcessFacts {
  /** `%HOSTNAME%`. */
  readonly hostname: string;
  /** The value of an environment variable. */
  variable(name: string): string | undefined;
}

export const systemProcess: ProcessFacts = {
  hostname: hostname(),
  variable: (name) => process.env[name],
};

/** Where the system spreads connections over sockets of one port (SO_REUSEPORT); elsewhere Node refuses to ask for it. */
export const THREADS_SHARE_PORTS = ['linux', 'freebsd', 'dragonfly', 'sunos', 'aix'].includes(process.platform);
