import { clusters } from './clusters.ts';
import type { CommandPath } from './commands.ts';
import { configDump } from './config-dump.ts';
import type { AdminHandler } from './handler.ts';
import { help, home } from './home-page.ts';
import { logging } from './logging.ts';
import { allocProfiler, cpuProfiler, heapDump, heapProfiler, peakHeapDump, tcmalloc } from './profilers.ts';
import { RecentLookups } from './recent-lookups.ts';
import { runtime, runtimeModify } from './runtime.ts';
import {
  certs,
  contention,
  drainListeners,
  failHealthChecks,
  hotRestartVersion,
  initDump,
  listeners,
  memory,
  passHealthChecks,
  quit,
  ready,
  reopenLogs,
  serverInfo,
} from './server-state.ts';
import { prometheusStats, resetCounters, stats } from './stats.ts';

/** What answers each command; one table for one server. */
export function createHandlers(): Readonly<Record<CommandPath, AdminHandler>> {
  const lookups = new RecentLookups();
  return {
    '/': home,
    '/allocprofiler': allocProfiler,
    '/certs': certs,
    '/clusters': clusters,
    '/config_dump': configDump,
    '/contention': contention,
    '/cpuprofiler': cpuProfiler,
    '/drain_listeners': drainListeners,
    '/healthcheck/fail': failHealthChecks,
    '/healthcheck/ok': passHealthChecks,
    '/heap_dump': heapDump,
    '/heapprofiler': heapProfiler,
    '/help': help,
    '/hot_restart_version': hotRestartVersion,
    '/init_dump': initDump,
    '/listeners': listeners,
    '/logging': logging,
    '/memory': memory,
    '/memory/tcmalloc': tcmalloc,
    '/peak_heap_dump': peakHeapDump,
    '/quitquitquit': quit,
    '/ready': ready,
    '/reopen_logs': reopenLogs,
    '/reset_counters': resetCounters,
    '/runtime': runtime,
    '/runtime_modify': runtimeModify,
    '/server_info': serverInfo,
    '/stats': stats,
    '/stats/prometheus': prometheusStats,
    '/stats/recentlookups': lookups.show,
    '/stats/recentlookups/clear': lookups.clear,
    '/stats/recentlookups/disable': lookups.disable,
    '/stats/recentlookups/enable': lookups.enable,
  };
}
