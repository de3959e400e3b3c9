import { fromJson, type JsonObject } from '@bufbuild/protobuf';
import { describe, expect, it } from 'vitest';
import type { AccessLogFilter as FilterMessage } from '../../../src/api/generated/envoy/config/accesslog/v3.ts';
import { apiTypes, schemaOf } from '../../../src/api/registry.ts';
import { ConfigPath } from '../../../src/core/problems.ts';
import { emptyRuntime, type Runtime, type RuntimeValue } from '../../../src/core/runtime.ts';
import type { AccessLogEntry } from '../../../src/http/access-log.ts';
import { compileAccessLogFilter, FilteredAccessLog } from '../../../src/http/access-log-filter/compile.ts';
import type { AccessLogFilter } from '../../../src/http/access-log-filter/filter.ts';
import { ResponseFlag } from '../../../src/http/stream-info.ts';
import { compileContext, forwardedEntry, headers, refusedEntry } from '../format/format-fixture.ts';

function compile(json: JsonObject, runtime?: Record<string, RuntimeValue>): { filter: AccessLogFilter | undefined; errors: string[] } {
  const { context, errors } = compileContext(runtime === undefined ? {} : { runtime: runtimeOf(runtime) });
  const message = fromJson(schemaOf('envoy.config.accesslog.v3.AccessLogFilter'), json, { registry: apiTypes }) as unknown as FilterMessage;
  return { filter: compileAccessLogFilter(message, ConfigPath.root.field('filter'), context), errors: errors() };
}

function runtimeOf(values: Record<string, RuntimeValue>): Runtime {
  const number = (key: string, otherwise: number): number => (typeof values[key] === 'number' ? values[key] : otherwise);
  return { ...emptyRuntime, number, value: (key) => values[key] };
}

function takes(json: JsonObject, entry: Partial<AccessLogEntry> = {}, runtime?: Record<string, RuntimeValue>): boolean {
  const { filter, errors } = compile(json, runtime);
  expect(errors).toEqual([]);
  return filter!.matches({ ...forwardedEntry(), ...entry });
}

const compare = (op: string, value: number): JsonObject => ({ comparison: { op, value: { default_value: value, runtime_key: 'key' } } });

describe('an access log filter', () => {
  it('compares the status, with a value that the runtime may replace', () => {
    const status = (op: string, value: number, runtime?: Record<string, RuntimeValue>): boolean => takes({ status_code_filter: compare(op, value) }, {}, runtime);
    expect([status('GE', 200), status('GE', 201)]).toEqual([true, false]);
    expect([status('LE', 200), status('LE', 199)]).toEqual([true, false]);
    expect([status('EQ', 200), status('EQ', 201)]).toEqual([true, false]);
    expect([status('NE', 201), status('NE', 200)]).toEqual([true, false]);
    expect(status('GE', 500, { key: 200 })).toBe(true);
  });

  it('compares the duration in whole milliseconds', () => {
    expect(takes({ duration_filter: compare('EQ', 8) })).toBe(true);
    expect(takes({ duration_filter: compare('GE', 9) })).toBe(false);
  });

  it('knows health checks; nothing is traced', () => {
    const checked = forwardedEntry();
    checked.info.healthCheck = true;
    expect(takes({ not_health_check_filter: {} })).toBe(true);
    expect(takes({ not_health_check_filter: {} }, checked)).toBe(false);
    expect(takes({ traceable_filter: {} })).toBe(false);
  });

  it('joins filters by and, by or', () => {
    const yes = { not_health_check_filter: {} };
    const no = { traceable_filter: {} };
    expect([takes({ and_filter: { filters: [yes, yes] } }), takes({ and_filter: { filters: [yes, no] } })]).toEqual([true, false]);
    expect([takes({ or_filter: { filters: [no, yes] } }), takes({ or_filter: { filters: [no, no] } })]).toEqual([true, false]);
  });

  it('matches a header, which a request that was not understood lacks', () => {
    const json = { header_filter: { header: { name: 'x-log', present_match: true } } };
    expect(takes(json, { requestHeaders: headers({ 'x-log': '' }) })).toBe(true);
    expect(takes(json, { requestHeaders: headers({ 'x-other': '' }) })).toBe(false);
    expect(takes(json, { requestHeaders: undefined })).toBe(false);
  });

  it('matches response flags: those named, or any', () => {
    const refused = refusedEntry();
    expect(takes({ response_flag_filter: { flags: ['NR', 'DPE'] } }, refused)).toBe(true);
    expect(takes({ response_flag_filter: { flags: ['NR'] } }, refused)).toBe(false);
    expect(takes({ response_flag_filter: {} }, refused)).toBe(true);
    expect(takes({ response_flag_filter: {} })).toBe(false);
    const last = forwardedEntry();
    last.info.setFlag(ResponseFlag.unconditionalDropOverload);
    expect(takes({ response_flag_filter: { flags: ['UDO'] } }, last)).toBe(true);
  });

  it('matches the gRPC status, which an HTTP status stands for where there is none', () => {
    const json = { grpc_status_filter: { statuses: ['NOT_FOUND', 'UNKNOWN'] } };
    const said = (status: string): Partial<AccessLogEntry> => ({ responseHeaders: headers({ 'grpc-status': status }) });
    expect([takes(json, said('5')), takes(json, said('0')), takes(json)]).toEqual([true, false, true]);
    const others = { grpc_status_filter: { statuses: ['NOT_FOUND', 'UNKNOWN'], exclude: true } };
    expect([takes(others, said('5')), takes(others, said('99')), takes(others)]).toEqual([false, true, false]);
  });

  it('matches the type of the record', () => {
    expect(takes({ log_type_filter: { types: ['DownstreamEnd'] } })).toBe(true);
    expect(takes({ log_type_filter: { types: ['DownstreamEnd'] } }, { type: 'DownstreamStart' })).toBe(false);
    expect(takes({ log_type_filter: { types: ['DownstreamEnd'], exclude: true } })).toBe(false);
    expect(takes({ log_type_filter: {} })).toBe(false);
  });

  it('is one that an extension makes of its configuration', () => {
    const asked: unknown[] = [];
    const extension = { compile: (config: unknown, at: ConfigPath) => ({ matches: () => asked.push(config, String(at)) > 0 }) };
    const { context } = compileContext();
    const resolve = (...[category, name, , at]: Parameters<typeof context.resolve>): unknown => (asked.push(category, name, String(at)), { extension, config: 'its own' });
    const message = fromJson(schemaOf('envoy.config.accesslog.v3.AccessLogFilter'), { extension_filter: { name: 'cel' } }, { registry: apiTypes }) as unknown as FilterMessage;
    const filter = compileAccessLogFilter(message, ConfigPath.root.field('filter'), { ...context, resolve } as typeof context);
    expect(filter!.matches(forwardedEntry())).toBe(true);
    expect(asked).toEqual(['envoy.access_loggers.extension_filters', 'cel', 'filter.extension_filter', 'its own', 'filter.extension_filter.typed_config']);
  });

  it('is refused where it names an unknown flag', () => {
    expect(compile({ and_filter: { filters: [{ response_flag_filter: { flags: ['XX'] } }, { traceable_filter: {} }] } }).errors).toEqual([
      "filter.and_filter.filters[0].response_flag_filter.flags[0]: unknown response flag 'XX'",
    ]);
  });

  it('keeps a record from its log', () => {
    const written: AccessLogEntry[] = [];
    const log = new FilteredAccessLog({ log: (entry) => void written.push(entry) }, { matches: ({ type }) => type === 'DownstreamEnd' });
    const entry = forwardedEntry();
    log.log(entry);
    log.log({ ...entry, type: 'DownstreamStart' });
    expect(written).toEqual([entry]);
  });
});

describe('a runtime filter', () => {
  const sample = (numerator: number, denominator = 'HUNDRED', independent = false): JsonObject => ({
    runtime_filter: { runtime_key: 'key', percent_sampled: { numerator, denominator }, use_independent_randomness: independent },
  });
  const withId = (requestId: string): AccessLogEntry => {
    const entry = forwardedEntry();
    entry.info.requestId = requestId;
    return entry;
  };

  it('lets the request id decide, alike in all proxies', () => {
    // 0x0000001e = 30
    const entry = withId('0000001e-1111-4111-8111-111111111111');
    expect([takes(sample(31), entry), takes(sample(30), entry)]).toEqual([true, false]);
    expect(takes(sample(30), entry, { key: 31 })).toBe(true);
    expect(takes({ runtime_filter: { runtime_key: 'key' } }, entry)).toBe(false);
    const larger = withId('00002715-1111-4111-8111-111111111111');
    expect([takes(sample(6, 'TEN_THOUSAND'), larger), takes(sample(5, 'TEN_THOUSAND'), larger)]).toEqual([true, false]);
  });

  it('asks chance where the id says nothing or must not decide', () => {
    for (const entry of [withId(''), withId('my-id-is-odd')]) expect([takes(sample(100), entry), takes(sample(0), entry)]).toEqual([true, false]);
    const entry = withId('00000063-1111-4111-8111-111111111111');
    expect(takes(sample(100, 'HUNDRED', true), entry)).toBe(true);
    expect(takes(sample(100, 'HUNDRED', true), entry, { key: 0 })).toBe(false);
    expect(takes(sample(0, 'HUNDRED', true), entry, { key: { numerator: 1_000_000, denominator: 'MILLION' } })).toBe(true);
    const { filter } = compile(sample(30, 'HUNDRED', true));
    const taken = Array.from({ length: 1000 }, () => filter!.matches(entry)).filter(Boolean).length;
    expect(taken).toBeGreaterThan(200);
    expect(taken).toBeLessThan(400);
  });
});

describe('a metadata filter', () => {
  const filter = (value: JsonObject | undefined, more: JsonObject = {}): JsonObject => ({
    metadata_filter: { matcher: { filter: 'ns', path: [{ key: 'a' }, { key: 'b' }], ...(value && { value }) }, ...more },
  });
  const having = (b: unknown): AccessLogEntry => {
    const entry = forwardedEntry();
    entry.info.metadata = new Map([['ns', { a: { b } }]]);
    return entry;
  };

  it.each([
    [{ string_match: { exact: 'x' } }, 'x', 'y'],
    [{ string_match: { prefix: 'é' } }, 'éa', 1],
    [{ bool_match: true }, true, 'true'],
    [{ null_match: {} }, null, 0],
    [{ present_match: true }, 0, undefined],
    [{ double_match: { exact: 1.5 } }, 1.5, '1.5'],
    [{ double_match: { range: { start: 1, end: 2 } } }, 1, 2],
    [{ list_match: { one_of: { double_match: { exact: 3 } } } }, [1, 3], [1]],
    [{ or_match: { value_matchers: [{ bool_match: true }, { string_match: { suffix: 'z' } }] } }, 'az', false],
  ] as [JsonObject, unknown, unknown][])('matches %j', (value, good, bad) => {
    const json = filter(value, { match_if_key_not_found: false });
    expect([takes(json, having(good)), takes(json, having(bad))]).toEqual([true, false]);
  });

  it('takes what has no value unless it is told not to', () => {
    const json = { string_match: { exact: 'x' } };
    expect(takes(filter(json))).toBe(true);
    expect(takes(filter(json, { match_if_key_not_found: false }))).toBe(false);
    expect(takes({ metadata_filter: {} })).toBe(true);
  });

  it('takes no notice of invert', () => {
    const inverted = { metadata_filter: { matcher: { filter: 'ns', path: [{ key: 'a' }, { key: 'b' }], value: { string_match: { exact: 'x' } }, invert: true } } };
    expect([takes(inverted, having('x')), takes(inverted, having('y'))]).toEqual([true, false]);
  });
});
