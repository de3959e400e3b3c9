import { expect, test } from 'vitest';
import { Proxy } from '../../../src/server/proxy.ts';

const TYPES = 'type.googleapis.com/envoy';
const heap = { name: 'heap', typed_config: { '@type': `${TYPES}.extensions.resource_monitors.fixed_heap.v3.FixedHeapConfig`, max_heap_size_bytes: 1000 } };
const threshold = { name: 'heap', threshold: { value: 0.9 } };
const scales = { '@type': `${TYPES}.config.overload.v3.ScaleTimersOverloadActionConfig`, timer_scale_factors: [{ timer: 'HTTP_DOWNSTREAM_CONNECTION_IDLE', min_timeout: '1s' }] };

const action = (name: string, triggers: readonly object[] = [threshold], more: object = {}): object => ({ name: `envoy.overload_actions.${name}`, triggers, ...more });
const load = (actions: readonly object[], monitors: readonly object[] = [heap]) => (): void =>
  Proxy.validate({ yaml: JSON.stringify({ overload_manager: { resource_monitors: monitors, actions } }) });

test('what the edge profile of Envoy asks for is taken', () => {
  expect(load([action('shrink_heap'), action('stop_accepting_requests'), action('reduce_timeouts', [threshold], { typed_config: scales })])).not.toThrow();
});

test('streams are given up where they are counted, and idle connections are let be', () => {
  const yaml = (minimum: number): string =>
    JSON.stringify({
      overload_manager: {
        resource_monitors: [heap],
        actions: [action('reset_high_memory_stream'), action('close_idle_http_connections')],
        buffer_factory_config: { minimum_account_to_track_power_of_two: minimum },
      },
    });
  expect(() => Proxy.validate({ yaml: yaml(14) })).not.toThrow();
  expect(() => Proxy.validate({ yaml: yaml(9) })).toThrow('MinimumAccountToTrackPowerOfTwo');
});

test.each([
  ['an unknown resource', [action('shrink_heap', [{ name: 'other', threshold: { value: 1 } }])], 'Unknown trigger resource other for overload action envoy.overload_actions.shrink_heap'],
  ['an unknown action', [action('dance')], 'Unknown Overload Manager Action envoy.overload_actions.dance'],
  ['an action twice', [action('shrink_heap'), action('shrink_heap')], 'Duplicate overload action envoy.overload_actions.shrink_heap'],
  ['a trigger twice', [action('shrink_heap', [threshold, threshold])], 'Duplicate trigger resource for overload action envoy.overload_actions.shrink_heap'],
  ['thresholds in the wrong order', [action('shrink_heap', [{ name: 'heap', scaled: { scaling_threshold: 0.9, saturation_threshold: 0.9 } }])], 'scaling_threshold must be less than saturation_threshold'],
  ['timeouts that are not named', [action('reduce_timeouts')], 'Overload action "envoy.overload_actions.reduce_timeouts" requires typed_config'],
  ['giving up streams that nobody counts', [action('reset_high_memory_stream')], 'Overload action "envoy.overload_actions.reset_high_memory_stream" requires buffer_factory_config.'],
])('%s is refused', (_what, actions, message) => {
  expect(load(actions)).toThrow(message);
});

test('a heap without a size is refused', () => {
  expect(load([], [{ ...heap, typed_config: { '@type': heap.typed_config['@type'] } }])).toThrow('fixed_heap: max heap size must be greater than 0');
});

test('monitors that are there twice or unknown are refused', () => {
  expect(load([], [heap, heap])).toThrow('Duplicate resource monitor heap');
  const connections = { name: 'mine', typed_config: { '@type': `${TYPES}.extensions.resource_monitors.downstream_connections.v3.DownstreamConnectionsConfig`, max_active_downstream_connections: 1 } };
  expect(load([], [connections])).toThrow("Didn't find a registered implementation for 'mine'");
});
