import type { Cluster } from '../../api/generated/envoy/config/cluster/v3.ts';
import { Cluster_DiscoveryType, Cluster_LbPolicy } from '../../api/generated/envoy/config/cluster/v3.ts';
import type { RuntimeDouble } from '../../api/generated/envoy/config/core/v3.ts';
import type { LocalityLbConfig } from '../../api/generated/envoy/extensions/load_balancing_policies/common/v3.ts';
import type { LeastRequest } from '../../api/generated/envoy/extensions/load_balancing_policies/least_request/v3.ts';
import { LeastRequest_SelectionMethod } from '../../api/generated/envoy/extensions/load_balancing_policies/least_request/v3.ts';
import type { AnyMessage, CompileContext } from '../../core/extension.ts';
import type { ConfigPath } from '../../core/problems.ts';
import type { LoadBalancerSpec, PanicSpec } from '../cluster-spec.ts';

const POLICY = 'envoy.extensions.load_balancing_policies.';
const DEFAULT_CHOICE_COUNT = 2;
const DEFAULT_PANIC_PERCENT = 50;

export interface LoadBalancing {
  readonly loadBalancer: LoadBalancerSpec;
  readonly localityWeighted: boolean;
  readonly panic: PanicSpec;
}

const FALLBACK: LoadBalancerSpec = { kind: 'round-robin' };

export function compileLoadBalancing(cluster: Cluster, at: ConfigPath, context: CompileContext): LoadBalancing {
  const typed = compileTypedPolicy(cluster, at, context);
  const locality = typed === undefined ? cluster.commonLbConfig?.localityConfigSpecifier : typed.locality?.localityConfigSpecifier;
  return {
    loadBalancer: typed === undefined ? compileEnumPolicy(cluster, at, context) : typed.spec,
    localityWeighted: locality?.case === 'localityWeightedLbConfig',
    panic: {
      thresholdPercent: Math.round(cluster.commonLbConfig?.healthyPanicThreshold?.value ?? DEFAULT_PANIC_PERCENT),
      failTraffic: locality?.case === 'zoneAwareLbConfig' && locality.value.failTrafficOnPanic,
    },
  };
}

function compileEnumPolicy(cluster: Cluster, at: ConfigPath, context: CompileContext): LoadBalancerSpec {
  const policyAt = at.field('lb_policy');
  switch (cluster.lbPolicy) {
    case Cluster_LbPolicy.ROUND_ROBIN:
      return { kind: 'round-robin' };
    case Cluster_LbPolicy.RANDOM:
      return { kind: 'random' };
    case Cluster_LbPolicy.LEAST_REQUEST: {
      const config = cluster.lbConfig.case === 'leastRequestLbConfig' ? cluster.lbConfig.value : undefined;
      return leastRequest(config?.choiceCount, requestBias(config?.activeRequestBias, context), false);
    }
    case Cluster_LbPolicy.LOAD_BALANCING_POLICY_CONFIG:
      context.error(policyAt, 'cluster: field load_balancing_policy need to be set');
      return FALLBACK;
    case Cluster_LbPolicy.CLUSTER_PROVIDED: {
      if (providesItsOwn(cluster)) return FALLBACK;
      const hint = `cluster provided LB specified but cluster '${cluster.name}' did not provide one. Check cluster documentation.`;
      context.error(policyAt, `cluster manager: ${hint}`);
      return FALLBACK;
    }
    default:
      // The support table has refused it.
      return FALLBACK;
  }
}

/** The support table has refused these kinds. */
function providesItsOwn({ clusterDiscoveryType: kind }: Cluster): boolean {
  return kind.case === 'clusterType' || (kind.case === 'type' && kind.value === Cluster_DiscoveryType.ORIGINAL_DST);
}

interface TypedPolicy {
  readonly spec: LoadBalancerSpec;
  readonly locality: LocalityLbConfig | undefined;
}

/** `load_balancing_policy` wins over `lb_policy`; of its list the first policy that is known at all. */
function compileTypedPolicy(cluster: Cluster, at: ConfigPath, context: CompileContext): TypedPolicy | undefined {
  if (cluster.loadBalancingPolicy === undefined) return undefined;
  const policies = cluster.loadBalancingPolicy.policies;
  const policyAt = at.field('load_balancing_policy');
  for (const [index, { typedExtensionConfig }] of policies.entries()) {
    const { typedConfig } = typedExtensionConfig ?? {};
    if (typedConfig === undefined || !isKnown(typedConfig)) continue;
    const typedAt = policyAt.field('policies').index(index).field('typed_extension_config').field('typed_config');
    const content = context.unpack(typedConfig, typedAt);
    return content === undefined ? undefined : compilePolicy(content.typeName, content.message, typedAt, context);
  }
  const names = policies.map(({ typedExtensionConfig }) => typedExtensionConfig?.name ?? '').join(', ');
  const sentence = `didn't find a registered load balancer factory implementation for cluster: '${cluster.name}' with names from [${names}]`;
  context.error(policyAt, `cluster: ${sentence}`);
  return undefined;
}

function isKnown({ typeUrl }: AnyMessage): boolean {
  return typeUrl.includes(`/${POLICY}`);
}

function compilePolicy(typeName: string, message: unknown, at: ConfigPath, context: CompileContext): TypedPolicy {
  const { localityLbConfig: locality } = message as { localityLbConfig?: LocalityLbConfig };
  switch (typeName) {
    case `${POLICY}round_robin.v3.RoundRobin`:
      return { spec: { kind: 'round-robin' }, locality };
    case `${POLICY}random.v3.Random`:
      return { spec: { kind: 'random' }, locality };
    case `${POLICY}least_request.v3.LeastRequest`: {
      const { choiceCount, activeRequestBias, enableFullScan, selectionMethod } = message as LeastRequest;
      const fullScan = selectionMethod === LeastRequest_SelectionMethod.FULL_SCAN || (enableFullScan ?? false);
      return { spec: leastRequest(choiceCount, requestBias(activeRequestBias, context), fullScan), locality };
    }
    default:
      context.error(at, `not supported: the load balancing policy ${typeName}`);
      return { spec: FALLBACK, locality: undefined };
  }
}

function leastRequest(choiceCount: number | undefined, activeRequestBias: number, fullScan: boolean): LoadBalancerSpec {
  return { kind: 'least-request', choiceCount: choiceCount ?? DEFAULT_CHOICE_COUNT, activeRequestBias, fullScan };
}

/** Envoy reads the runtime whenever the hosts change. */
function requestBias(message: RuntimeDouble | undefined, { runtime }: CompileContext): number {
  const bias = message === undefined ? 1 : runtime.number(message.runtimeKey, message.defaultValue);
  return bias < 0 ? 1 : bias;
}
