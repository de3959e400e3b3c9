import { renderJson } from '../core/stats/render-json.ts';
import { renderText } from '../core/stats/render-text.ts';
import { parseStatsParams, type StatsParams } from '../core/stats/stats-params.ts';
import type { AdminHost } from './admin-host.ts';
import { type AdminRequest, type AdminResponse, html, json, OK, text } from './handler.ts';
import { searchFilter } from './name-filter.ts';
import { acceptsProtobuf, PROMETHEUS_PROTOBUF, protobufOf } from './prometheus-protobuf.ts';
import { statsPage } from './stats-page.ts';

/** `/stats` */
export function stats(request: AdminRequest, host: AdminHost): AdminResponse {
  return answer(request, host, undefined);
}

/** `/stats/prometheus` */
export function prometheusStats(request: AdminRequest, host: AdminHost): AdminResponse {
  return answer(request, host, 'prometheus');
}

export function resetCounters(_request: AdminRequest, host: AdminHost): AdminResponse {
  host.stats.resetCounters();
  return OK;
}

function answer(request: AdminRequest, host: AdminHost, onlyFormat: 'prometheus' | undefined): AdminResponse {
  // Not those of a form.
  const { query: params } = request;
  const parsed = parseStatsParams((name) => params.get(name), compileFilter, { onlyFormat, acceptsProtobuf: acceptsProtobuf(request.accept) });
  if (typeof parsed === 'string') return text(parsed, 400);
  host.stats.refresh();
  const { selection } = parsed;
  switch (parsed.format) {
    case 'text':
      return text(renderText(host.stats.snapshot(), selection));
    case 'json':
      return json(renderJson(host.stats.snapshot(), selection));
    case 'prometheus': {
      const body = prometheus(parsed, host, selection.filter === undefined);
      return parsed.protobuf ? { status: 200, contentType: PROMETHEUS_PROTOBUF, body: protobufOf(body) } : text(body);
    }
    default:
      return html(statsPage(parsed.format, params, renderText(host.stats.snapshot(), selection)));
  }
}

/** A filter names statistics of the proxy; without one the metrics of this process follow. */
async function* prometheus({ selection }: StatsParams, host: AdminHost, withProcess: boolean): AsyncGenerator<string> {
  yield* host.stats.prometheus.render(host.stats.snapshot(), selection);
  if (withProcess) yield await host.stats.processMetrics();
}

function compileFilter(pattern: string): ((name: string) => boolean) | string {
  const filter = searchFilter(pattern);
  return typeof filter === 'string' ? `Invalid re2 regex: ${filter}` : filter;
}
