import { describe, expect, test } from 'vitest';
import type { Message } from '@bufbuild/protobuf';
import { schemaOf } from '../../src/api/registry.ts';
import { loadContent } from '../../src/config/loader.ts';
import { checkSupport } from '../../src/config/support-walk.ts';
import {
  fields,
  ignored,
  mergeSupport,
  only,
  onlyEmpty,
  onlyIf,
  refused,
  supported,
  supportFaults,
  supportRows,
  type SupportTable,
} from '../../src/config/support.ts';
import { formatProblem } from '../../src/core/problems.ts';

const CLUSTER = 'envoy.config.cluster.v3.Cluster';
const ROUTER = 'envoy.extensions.filters.http.router.v3.Router';

/** What the walk says about a cluster. */
function refusals(yaml: string, table: SupportTable): string[] {
  const { message, problems } = loadContent(schemaOf(CLUSTER), { name: 'c.yaml', content: `name: a\n${yaml}`, format: 'yaml' });
  expect(problems.errors).toEqual([]);
  checkSupport(schemaOf(CLUSTER), message as Message, table, problems);
  return problems.errors.map(formatProblem);
}

const NAME = { ...fields('name') };

describe('the support walk', () => {
  test('refuses a field that is set and not listed, with its place', () => {
    expect(refusals('alt_stat_name: b', { [CLUSTER]: NAME })).toEqual(['c.yaml:2:16: alt_stat_name: not supported: alt_stat_name']);
  });

  test('says nothing about fields that are supported or not set', () => {
    expect(refusals('alt_stat_name: b', { [CLUSTER]: fields('name alt_stat_name') })).toEqual([]);
    expect(refusals('', { [CLUSTER]: NAME })).toEqual([]);
  });

  test('gives the reason of a refusal', () => {
    const table = { [CLUSTER]: { ...NAME, alt_stat_name: refused('names are fixed') } };
    expect(refusals('alt_stat_name: b', table)).toEqual(['c.yaml:2:16: alt_stat_name: not supported: alt_stat_name (names are fixed)']);
  });

  test('takes what has no effect in Envoy either, at any depth', () => {
    const table = { [CLUSTER]: { ...NAME, metadata: ignored('nobody reads it') } };
    expect(refusals('metadata: {typed_filter_metadata: {a: {"@type": type.googleapis.com/google.protobuf.Empty}}}', table)).toEqual([]);
  });

  test('takes the listed values of an enum by name', () => {
    const table = { [CLUSTER]: { ...NAME, lb_policy: only(['RANDOM', 'LEAST_REQUEST']) } };
    expect(refusals('lb_policy: RANDOM', table)).toEqual([]);
    expect(refusals('lb_policy: MAGLEV', table)).toEqual([
      'c.yaml:2:12: lb_policy: not supported: lb_policy (only RANDOM, LEAST_REQUEST)',
    ]);
  });

  test('takes a default that was written out', () => {
    const table = { [CLUSTER]: { ...NAME, ignore_health_on_host_removal: only([false]) } };
    expect(refusals('ignore_health_on_host_removal: false', table)).toEqual([]);
    expect(refusals('ignore_health_on_host_removal: true', table)).toHaveLength(1);
  });


  test('takes wrappers by their value', () => {
    const table = { [CLUSTER]: { ...NAME, per_connection_buffer_limit_bytes: only([1024]) } };
    expect(refusals('per_connection_buffer_limit_bytes: 1024', table)).toEqual([]);
    expect(refusals('per_connection_buffer_limit_bytes: 0', table)).toHaveLength(1);
  });

  test('takes an empty message where only that has a meaning', () => {
    const table = { [CLUSTER]: { ...NAME, http2_protocol_options: onlyEmpty() } };
    expect(refusals('http2_protocol_options: {}', table)).toEqual([]);
    expect(refusals('http2_protocol_options: {max_concurrent_streams: 5}', table)).toEqual([
      'c.yaml:2:25: http2_protocol_options: not supported: http2_protocol_options (only {})',
    ]);
  });

  test('asks a predicate about the value as the message holds it', () => {
    const table = { [CLUSTER]: { ...NAME, connect_timeout: onlyIf<{ seconds: bigint }>((value) => value.seconds < 10n, 'at most 10s') } };
    expect(refusals('connect_timeout: 5s', table)).toEqual([]);
    expect(refusals('connect_timeout: 20s', table)).toEqual(['c.yaml:2:18: connect_timeout: not supported: connect_timeout (at most 10s)']);
  });

  test('goes through lists, maps and messages', () => {
    const table: SupportTable = {
      [CLUSTER]: fields('name load_assignment'),
      'envoy.config.endpoint.v3.ClusterLoadAssignment': fields('cluster_name endpoints named_endpoints'),
      'envoy.config.endpoint.v3.Endpoint': fields('hostname'),
    };
    const yaml = `load_assignment:
  cluster_name: a
  endpoints:
  - {}
  - priority: 1
  named_endpoints:
    x: {hostname: h, health_check_config: {}}`;
    expect(refusals(yaml, table)).toEqual([
      'c.yaml:6:15: load_assignment.endpoints[1].priority: not supported: priority',
      'c.yaml:8:43: load_assignment.named_endpoints["x"].health_check_config: not supported: health_check_config',
    ]);
  });

  test('goes into an Any whose type a table names, and into a TypedStruct', () => {
    const table = { [CLUSTER]: fields('name typed_extension_protocol_options'), [ROUTER]: fields('start_child_span') };
    const yaml = `typed_extension_protocol_options:
  a:
    "@type": type.googleapis.com/${ROUTER}
    start_child_span: true
    suppress_envoy_headers: true
  b:
    "@type": type.googleapis.com/xds.type.v3.TypedStruct
    type_url: type.googleapis.com/${ROUTER}
    value: {strict_check_headers: [x-envoy-max-retries]}`;
    expect(refusals(yaml, table)).toEqual([
      'c.yaml:6:29: typed_extension_protocol_options["a"].suppress_envoy_headers: not supported: suppress_envoy_headers',
      'c.yaml:10:35: typed_extension_protocol_options["b"].value.strict_check_headers: not supported: strict_check_headers',
    ]);
  });

  test('leaves an Any of another type to the extension registry', () => {
    const yaml = `typed_extension_protocol_options: {a: {"@type": type.googleapis.com/${ROUTER}, suppress_envoy_headers: true}}`;
    expect(refusals(yaml, { [CLUSTER]: fields('name typed_extension_protocol_options') })).toEqual([]);
  });
});

describe('support tables', () => {
  test('are one when merged, and may repeat each other', () => {
    const merged = mergeSupport([{ [CLUSTER]: NAME }, { [CLUSTER]: fields('name alt_stat_name'), [ROUTER]: {} }]);
    expect(Object.keys(merged[CLUSTER]!)).toEqual(['name', 'alt_stat_name']);
    expect(merged[ROUTER]).toEqual({});
  });

  test('must not disagree about a field', () => {
    expect(() => mergeSupport([{ [CLUSTER]: NAME }, { [CLUSTER]: { name: refused() } }])).toThrow(`disagree about ${CLUSTER}.name`);
  });

  test('name what the API does not have as faults', () => {
    expect(supportFaults({ [CLUSTER]: fields('name nmae'), 'envoy.Nothing': {} })).toEqual([
      `no such field: ${CLUSTER}.nmae`,
      'no such message: envoy.Nothing',
    ]);
  });

  test('give a row for each field of each message they name, the unlisted ones as refused', () => {
    const table = { [ROUTER]: { ...fields('start_child_span'), dynamic_stats: supported({ test: 'a title', note: 'a note' }) } };
    const rows = supportRows([table]);
    expect(rows).toHaveLength(schemaOf(ROUTER).fields.length);
    expect(rows[0]).toEqual({ message: ROUTER, field: 'dynamic_stats', status: 'supported', reason: '', note: 'a note', test: 'a title' });
    expect(rows.find((row) => row.field === 'upstream_log')?.status).toBe('refused');
  });
});
