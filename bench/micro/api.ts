/**
 * What the API costs: binary messages decoded here and by @bufbuild/protobuf, and descriptors hydrated.
 *
 *     npm run bench -- micro api
 */
import { readFileSync } from 'node:fs';
import { create, fromBinary, toBinary, type DescMessage } from '@bufbuild/protobuf';
import { decodeMessage } from '../../src/api/decode.ts';
import { DescriptorPack } from '../../src/api/descriptor-pack.ts';
import { PackRegistry, schemaOf } from '../../src/api/registry.ts';
import type { MicroCase } from './runner/micro-case.ts';

const clusterSchema = schemaOf('envoy.config.cluster.v3.Cluster');
const cluster = toBinary(
  clusterSchema,
  create(clusterSchema, {
    name: 'outbound|80||reviews.default.svc.cluster.local',
    edsClusterConfig: { serviceName: 'reviews', edsConfig: { configSourceSpecifier: { case: 'ads', value: {} } } },
    connectTimeout: { seconds: 5n },
    circuitBreakers: { thresholds: [{ maxConnections: 1024, maxRequests: 2048, maxRetries: 3 }] },
    metadata: { filterMetadata: { istio: { services: [{ host: 'reviews.default', name: 'reviews' }] } } },
  }),
);

const assignmentSchema = schemaOf('envoy.config.endpoint.v3.ClusterLoadAssignment');
const assignment = toBinary(
  assignmentSchema,
  create(assignmentSchema, {
    clusterName: 'reviews',
    endpoints: [
      {
        locality: { region: 'eu', zone: 'eu-1' },
        lbEndpoints: Array.from({ length: 5 }, (_, i) => ({
          loadBalancingWeight: 1,
          metadata: { filterMetadata: { 'envoy.lb': { version: 'v1' } } },
          hostIdentifier: {
            case: 'endpoint' as const,
            value: { address: { address: { case: 'socketAddress' as const, value: { address: `10.0.0.${i}` } } } },
          },
        })),
      },
    ],
  }),
);

function decodes(name: string, schema: unknown, bytes: Uint8Array): MicroCase[] {
  const type = schema as DescMessage;
  const decoders: Array<[string, () => unknown]> = [
    ['decodeMessage', () => decodeMessage(type, bytes)],
    ['fromBinary', () => fromBinary(type, bytes)],
  ];
  return decoders.map(([decoder, decode]) => ({
    name: `${decoder}, ${name} of ${bytes.length} bytes`,
    run(count) {
      let last: unknown;
      for (let i = 0; i < count; i++) last = decode();
      return last;
    },
  }));
}

const pack = readFileSync(new URL('../../src/api/generated/api.pack', import.meta.url));

export const cases: readonly MicroCase[] = [
  ...decodes('a cluster', clusterSchema, cluster),
  ...decodes('5 endpoints', assignmentSchema, assignment),
  {
    name: 'open the pack and hydrate Bootstrap',
    run(count) {
      let last: unknown;
      for (let i = 0; i < count; i++) {
        last = new PackRegistry(new DescriptorPack(pack)).getMessage('envoy.config.bootstrap.v3.Bootstrap');
      }
      return last;
    },
  },
];
