import { expect, test } from 'vitest';
import type { StatGroup } from '../../../src/core/stats/stats.ts';
import type { FilterStream } from '../../../src/http/filter.ts';
import { ROUTE_RESOLUTION_STATS, RouteResolutionRecords } from '../../../src/http/route/measured-route-table.ts';
import { FilterRig, type JsonMessage } from '../../../src/testing/index.ts';
import { streamInfo } from './route-fixture.ts';

const count = { header: { key: 'x-lookups', value: '%ROUTE_RESOLUTION_COUNT%' } };

/** Clears the route that was found before it ran. */
const clearing: JsonMessage = {
  name: 'clearing',
  typed_config: {
    '@type': 'type.googleapis.com/envoy.extensions.filters.http.set_filter_state.v3.Config',
    clear_route_cache: true,
    on_request_headers: [{ object_key: 'envoy.string', format_string: { text_format_source: { inline_string: 'x' } } }],
  },
};

test('each look-up of a route counts', () => {
  const rig = new FilterRig({ filters: [clearing], virtualHost: { request_headers_to_add: [count] } });
  expect(rig.send().upstream!.headers['x-lookups']).toBe('2');
});

test('what a format tells of look-ups is measured, wherever it stands', () => {
  const reply = { body_format: { text_format_source: { inline_string: '%ROUTE_RESOLUTION_COUNT% %ROUTE_RESOLUTION_TIME_US%' } } };
  const rig = new FilterRig({ filters: [], routes: [], manager: { local_reply_config: reply } });
  expect(rig.send().response!.text).toBe('1 0');
});

test('a request that is refused before its route was looked up counts as one', () => {
  const reply = { body_format: { text_format_source: { inline_string: '%ROUTE_RESOLUTION_COUNT%' } } };
  const rig = new FilterRig({ filters: [], manager: { local_reply_config: reply } });
  expect(rig.send({ path: '/#fragment' }).response!.text).toBe('1');
});

test('what was measured of a stream is recorded once, when it ends', () => {
  const recorded: [id: number, value: number][] = [];
  const records = new RouteResolutionRecords({ record: (id: number, value: number) => recorded.push([id, value]) } as unknown as StatGroup);
  const info = streamInfo();
  const end = (): void => records.onDestroy({ info } as FilterStream);
  end();
  expect(recorded).toEqual([]);
  info.routeResolution = { count: 3, timeMs: 0.0125 };
  end();
  expect(recorded).toEqual([
    [ROUTE_RESOLUTION_STATS.downstream_rq_route_resolution_time_us, 12],
    [ROUTE_RESOLUTION_STATS.downstream_rq_route_resolutions, 3],
  ]);
});
