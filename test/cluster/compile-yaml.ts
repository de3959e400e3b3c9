import type { Cluster } from '../../src/api/generated/envoy/config/cluster/v3.ts';
import { schemaOf } from '../../src/api/registry.ts';
import type { ClusterSpec } from '../../src/cluster/cluster-spec.ts';
import { compileCluster } from '../../src/cluster/compile.ts';
import { SYSTEM_RESOLVER } from '../../src/cluster/compile/compile-dns.ts';
import { clusterSupport } from '../../src/cluster/support.ts';
import { loadContent } from '../../src/config/loader.ts';
import { contentOf } from '../../src/config/open-any.ts';
import { checkSupport } from '../../src/config/support-walk.ts';
import type { CompileContext } from '../../src/core/extension.ts';
import { emptyRuntime } from '../../src/core/runtime.ts';
import { rawBufferUpstreamExtension } from '../../src/filters/transport-socket/raw-buffer/extension.ts';
import { ConfigPath, formatProblem, type Problems } from '../../src/core/problems.ts';

export interface CompiledYaml {
  readonly spec: ClusterSpec | undefined;
  readonly errors: readonly string[];
  readonly warnings: readonly string[];
}

/** A cluster from its YAML, through the stages that a configuration goes. */
export function compileYaml(yaml: string): CompiledYaml {
  const schema = schemaOf('envoy.config.cluster.v3.Cluster');
  const { message, problems } = loadContent(schema, { name: 'c.yaml', content: yaml, format: 'yaml' });
  const spec = problems.ok ? compile(message as Cluster, problems) : undefined;
  return { spec, errors: problems.errors.map(formatProblem), warnings: problems.warnings.map(formatProblem) };
}

function compile(message: Cluster, problems: Problems): ClusterSpec | undefined {
  checkSupport(schemaOf('envoy.config.cluster.v3.Cluster'), message, clusterSupport, problems);
  const context: CompileContext = {
    error: (at: ConfigPath, text: string) => problems.error(at, text),
    warning: (at: ConfigPath, text: string) => problems.warning(at, text),
    unpack: contentOf,
    runtime: emptyRuntime,
    with: () => context,
    service: (<T>() => SYSTEM_RESOLVER as T) as CompileContext['service'],
    resolve: (_category, name, any, socketAt) => {
      if (any?.typeUrl.endsWith('.RawBuffer') === true) return { extension: rawBufferUpstreamExtension as never, config: {} as never };
      problems.error(any === undefined ? socketAt : socketAt.field('typed_config'), `Didn't find a registered implementation for '${name}' with type URL: ''`);
      return undefined;
    },
  } as Pick<CompileContext, 'error' | 'warning' | 'unpack' | 'runtime' | 'with' | 'resolve' | 'service'> as CompileContext;
  return compileCluster(message, ConfigPath.root, context);
}

/** For a configuration that has no problems. */
export function specOf(yaml: string): ClusterSpec {
  const { spec, errors } = compileYaml(yaml);
  if (spec === undefined || errors.length > 0) throw new Error(errors.join('\n'));
  return spec;
}

/** Endpoints as flow YAML: `10.0.0.1:80`, one locality. */
export function staticYaml(name: string, addresses: readonly string[], rest = ''): string {
  const endpoints = addresses.map((text) => {
    const colon = text.lastIndexOf(':');
    return `{endpoint: {address: {socket_address: {address: "${text.slice(0, colon)}", port_value: ${text.slice(colon + 1)}}}}}`;
  });
  return `name: ${name}\nload_assignment: {cluster_name: ${name}, endpoints: [{lb_endpoints: [${endpoints.join(', ')}]}]}\n${rest}`;
}
