import { type AdminHandler, OK, text } from './handler.ts';

/**
 * `/stats/recentlookups`: Envoy counts the look-ups of statistics by name that take a lock. Here statistics are found by index, so there are
 * none to show; the switch is kept because clients see its answer.
 */
export class RecentLookups {
  #enabled = false;

  readonly show: AdminHandler = () => {
    const head = this.#enabled ? '   Count Lookup\n' : 'Lookup tracking is not enabled. Use /stats/recentlookups/enable to enable.\n';
    return text(`${head}\ntotal: 0\n`);
  };

  readonly clear: AdminHandler = () => OK;

  readonly enable: AdminHandler = () => {
    this.#enabled = true;
    return OK;
  };

  readonly disable: AdminHandler = () => {
    this.#enabled = false;
    return OK;
  };
}
