import { create, toJson } from '@bufbuild/protobuf';
import { sizeDelimitedDecodeStream } from '@bufbuild/protobuf/wire';
import { describe, expect, it } from 'vitest';
import { Dispatch } from '../../src/admin/dispatch.ts';
import { acceptsProtobuf, PROMETHEUS_PROTOBUF, protobufOf } from '../../src/admin/prometheus-protobuf.ts';
import { schemaOf } from '../../src/api/registry.ts';
import { FakeHost } from './fake-host.ts';

const schema = schemaOf('io.prometheus.client.MetricFamily');

async function familiesOf(chunks: AsyncIterable<Uint8Array>): Promise<unknown[]> {
  const families: unknown[] = [];
  for await (const message of sizeDelimitedDecodeStream(schema, chunks)) families.push(toJson(schema, message, { useProtoFieldName: true }));
  return families;
}

/** Cut anywhere. */
function* pieces(text: string, length: number): Generator<string> {
  for (let at = 0; at < text.length; at += length) yield text.slice(at, at + length);
}

const TEXT = `# TYPE envoy_x counter
envoy_x{} 3
envoy_x{envoy_cluster_name="a \\"b\\\\\\n",code="2"} 0
# HELP up what it is
# TYPE up gauge
up -1.5
# TYPE envoy_time histogram
envoy_time_bucket{p="i",le="0.5"} 1
envoy_time_bucket{p="i",le="5"} 3
envoy_time_bucket{p="i",le="+Inf"} 3
envoy_time_sum{p="i"} 3.0963995354239255
envoy_time_count{p="i"} 3
# TYPE envoy_span summary
envoy_span{quantile="0"} nan
envoy_span{quantile="1"} 2.05
envoy_span_sum{} 0
envoy_span_count{} 0
`;

describe('the text exposition as messages', () => {
  it.each([1, 7, 10_000])('says the same, in chunks of %i', async (length) => {
    expect(await familiesOf(protobufOf(pieces(TEXT, length)))).toEqual([
      {
        name: 'envoy_x',
        type: 'COUNTER',
        metric: [{ counter: { value: 3 } }, { label: [{ name: 'envoy_cluster_name', value: 'a "b\\\n' }, { name: 'code', value: '2' }], counter: { value: 0 } }],
      },
      { name: 'up', type: 'GAUGE', metric: [{ gauge: { value: -1.5 } }] },
      {
        name: 'envoy_time',
        type: 'HISTOGRAM',
        metric: [
          {
            label: [{ name: 'p', value: 'i' }],
            histogram: { sample_count: '3', sample_sum: 3.0963995354239255, bucket: [{ cumulative_count: '1', upper_bound: 0.5 }, { cumulative_count: '3', upper_bound: 5 }] },
          },
        ],
      },
      { name: 'envoy_span', type: 'SUMMARY', metric: [{ summary: { sample_count: '0', sample_sum: 0, quantile: [{ quantile: 0, value: 'NaN' }, { quantile: 1, value: 2.05 }] } }] },
    ]);
  });

  it('is the bytes that Envoy sends', async () => {
    const [chunk] = await Array.fromAsync(protobufOf(['# TYPE envoy_server_live gauge\nenvoy_server_live{} 1\n']));
    // Recorded: /stats/prometheus?prom_protobuf&filter=server.live
    expect(Buffer.from(chunk!).toString('hex')).toBe('220a11656e766f795f7365727665725f6c6976651801220b120909000000000000f03f');
    expect(create(schema)).toBeDefined();
  });
});

describe('which form a client wants', () => {
  it.each([
    ['application/vnd.google.protobuf;proto=io.prometheus.client.MetricFamily;encoding=delimited;q=0.7,text/plain;version=0.0.4;q=0.3', true],
    ['text/plain, application/vnd.google.protobuf', false],
    ['foo, application/vnd.google.protobuf', true],
    ['application/vnd.google.protobuf;q=0', true],
    ['APPLICATION/vnd.google.protobuf', false],
    ['application/json;x=application/vnd.google.protobuf', false],
    ['text/plain;version=0.0.4;q=0.5,application/openmetrics-text;q=0.7', false],
    ['*/*', false],
    ['', false],
  ])('%s', (accept, protobuf) => {
    expect(acceptsProtobuf(accept)).toBe(protobuf);
  });

  it('is answered under /stats/prometheus and with format=prometheus, not elsewhere', async () => {
    const typeOf = async (target: string, accept = ''): Promise<string | undefined> => (await new Dispatch({ host: new FakeHost() }).answer('GET', target, '', accept)).contentType;
    expect(await typeOf('/stats/prometheus?prom_protobuf')).toBe(PROMETHEUS_PROTOBUF);
    expect(await typeOf('/stats?format=prometheus', 'application/vnd.google.protobuf')).toBe(PROMETHEUS_PROTOBUF);
    expect(await typeOf('/stats', 'application/vnd.google.protobuf')).toBe('text/plain; charset=UTF-8');
    expect(await typeOf('/stats/prometheus')).toBe('text/plain; charset=UTF-8');
  });
});
