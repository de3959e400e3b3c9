/** The application log as every room sees it. `src/server/` makes it from Envoy's flags. */
export type LogLevel = 'trace' | 'debug' | 'info' | 'warning' | 'error' | 'critical' | 'off';

export interface Logger {
  trace(message: string): void;
  debug(message: string): void;
  info(message: string): void;
  warning(message: string): void;
  error(message: string): void;
  critical(message: string): void;
  /** Whether a message of this level would be written; guard costly texts with it. */
  enabled(level: LogLevel): boolean;
  /** The same log under another of Envoy's logger names (`config`, `upstream`, `http`, …). */
  component(name: string): Logger;
}

export const silentLogger: Logger = {
  trace: () => {},
  debug: () => {},
  info: () => {},
  warning: () => {},
  error: () => {},
  critical: () => {},
  enabled: () => false,
  component: () => silentLogger,
};
