import { type AdminHandler, type AdminResponse, OK, text } from './handler.ts';

/** A V8 profile is taken with Node's own flags and tools, per thread; these commands answer as an Envoy that was built without profilers. */
export const cpuProfiler: AdminHandler = ({ params }) => {
  const enable = params.get('enable');
  if (params.size !== 1 || (enable !== 'y' && enable !== 'n')) return text('?enable=<y|n>\n', 400);
  return enable === 'y' ? text('failure to start the profiler', 500) : OK;
};

export const heapProfiler: AdminHandler = () => unsupported('heap profiler');

export const allocProfiler: AdminHandler = () => unsupported('allocation profiler');

export const heapDump: AdminHandler = () => unsupported('heap dump');

export const peakHeapDump: AdminHandler = () => unsupported('peak heap dump');

export const tcmalloc: AdminHandler = () => unsupported('TCMalloc stats');

function unsupported(what: string): AdminResponse {
  return text(`The current build does not support ${what}`, 501);
}
