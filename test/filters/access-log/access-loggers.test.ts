import { fromJson, type JsonObject } from '@bufbuild/protobuf';
import { describe, expect, it } from 'vitest';
import { apiTypes, schemaOf } from '../../../src/api/registry.ts';
import { mergeSupport, supportFaults } from '../../../src/config/support.ts';
import type { Extension } from '../../../src/core/extension.ts';
import { ConfigPath } from '../../../src/core/problems.ts';
import { fileAccessLogExtension } from '../../../src/filters/access-log/file/extension.ts';
import { fileAccessLogSupport } from '../../../src/filters/access-log/file/support.ts';
import { stderrAccessLogExtension, stdoutAccessLogExtension } from '../../../src/filters/access-log/stream/extension.ts';
import { streamAccessLogSupport } from '../../../src/filters/access-log/stream/support.ts';
import type { AccessLogOpener } from '../../../src/http/access-log-files.ts';
import type { AccessLog } from '../../../src/http/access-log.ts';
import { accessLogFilterSupport } from '../../../src/http/access-log-filter/support.ts';
import { formatSupport } from '../../../src/http/format/support.ts';
import { compileContext, forwardedEntry, refusedEntry } from '../../http/format/format-fixture.ts';

interface Outcome {
  readonly log: AccessLog | undefined;
  readonly records: { path: string; record: string }[];
  readonly errors: string[];
}

function compile(extension: Extension<never, AccessLog | undefined>, json: JsonObject): Outcome {
  const records: Outcome['records'] = [];
  const files: AccessLogOpener = {
    open(target) {
      const path = typeof target === 'string' ? target : target.path;
      return path === '/bad' ? "unable to open file '/bad': No" : { write: (record) => void records.push({ path, record }) };
    },
  };
  const { context, errors } = compileContext({ files });
  const config = fromJson(schemaOf(extension.configType as 'envoy.extensions.access_loggers.file.v3.FileAccessLog'), json, { registry: apiTypes });
  const log = extension.compile(config as never, ConfigPath.root.field('typed_config'), context);
  return { log, records, errors: errors() };
}

const file = (json: JsonObject): Outcome => compile(fileAccessLogExtension as Extension<never, AccessLog | undefined>, { path: '/log', ...json });

const DEFAULT_RECORD =
  '[2026-11-21T11:02:10.953Z] "GET /p/q?a=1%202&b=c&e=&a=3 HTTP/1.1" 200 - 5 3 8 4 "-" "agent/1" "-" "ex.com:81" "10.9.9.9:8080"\n';

describe('a file access log', () => {
  it.each([
    [{}, DEFAULT_RECORD],
    [{ format: '' }, DEFAULT_RECORD],
    [{ format: '%RESPONSE_CODE% %REQ(nope)%\n' }, '200 -\n'],
    [{ json_format: { b: '%PROTOCOL%', a: '%RESPONSE_CODE%' } }, '{"a":200,"b":"HTTP/1.1"}\n'],
    [{ typed_json_format: { a: '%RESPONSE_CODE%', f: '%RESPONSE_FLAGS%' } }, '{"a":200,"f":"-"}\n'],
    [{ log_format: { text_format: 'é %PROTOCOL%' } }, '\xc3\xa9 HTTP/1.1'],
    [{ log_format: { text_format_source: { inline_string: '[%REQ(nope)%]' }, omit_empty_values: true } }, '[]'],
    [{ log_format: { text_format_source: { inline_bytes: Buffer.from('é%PROTOCOL%').toString('base64') } } }, '\xc3\xa9HTTP/1.1'],
    [{ log_format: { text_format_source: { environment_variable: 'UNICODE' } } }, '\xc3\xa9'],
    [{ log_format: { json_format: { a: '%REQ(nope)%', b: 1 }, omit_empty_values: true, content_type: 'x/y' } }, '{"b":1}\n'],
  ] as [JsonObject, string][])('writes a record by its format: %j', (json, record) => {
    const { log, records, errors } = file(json);
    expect(errors).toEqual([]);
    log!.log(forwardedEntry());
    expect(records).toEqual([{ path: '/log', record }]);
  });

  it('writes of a request that could not be understood what Envoy writes', () => {
    const { log, records } = file({});
    log!.log(refusedEntry());
    expect(records[0]!.record).toBe('[2026-11-21T11:02:11.000Z] "- - HTTP/1.1" 400 DPE 0 0 0 - "-" "-" "-" "-" "-"\n');
  });

  it('says what is wrong and where', () => {
    expect(file({ path: '/bad' }).errors).toEqual(["typed_config.path: unable to open file '/bad': No"]);
    expect(file({ format: '%FOO%' }).errors).toEqual(['typed_config.format: Not supported field in StreamInfo: FOO']);
    expect(file({ json_format: { a: '%FOO%' } }).errors).toEqual(['typed_config.json_format["a"]: Not supported field in StreamInfo: FOO']);
    expect(file({ log_format: { text_format_source: { inline_string: '%' } } }).errors).toEqual([
      "typed_config.log_format.text_format_source: Incorrect configuration: %. Couldn't find valid command at position 0",
    ]);
    expect(file({ log_format: { text_format_source: { environment_variable: 'NOPE' } } }).errors).toEqual([
      "typed_config.log_format.text_format_source.environment_variable: Environment variable doesn't exist: NOPE",
    ]);
  });
});

describe('a stream access log', () => {
  it.each([
    [stdoutAccessLogExtension, '/dev/stdout'],
    [stderrAccessLogExtension, '/dev/stderr'],
  ])('writes to its stream', (extension, path) => {
    for (const [json, record] of [
      [{}, DEFAULT_RECORD],
      [{ log_format: { text_format_source: { inline_string: 'x\n' } } }, 'x\n'],
    ] as [JsonObject, string][]) {
      const { log, records } = compile(extension as Extension<never, AccessLog | undefined>, json);
      log!.log(forwardedEntry());
      expect(records).toEqual([{ path, record }]);
    }
  });
});

describe('the support tables of access logs', () => {
  it('name messages and fields that the API has, and agree', () => {
    const tables = [fileAccessLogSupport, streamAccessLogSupport, formatSupport, accessLogFilterSupport];
    expect(tables.flatMap(supportFaults)).toEqual([]);
    expect(() => mergeSupport(tables)).not.toThrow();
  });
});
