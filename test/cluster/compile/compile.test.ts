import { describe, expect, it } from 'vitest';
import { LOWER_CASE } from '../../../src/http/codec/field-case.ts';
import type { ClusterSpec } from '../../../src/cluster/cluster-spec.ts';
import { compileYaml, specOf, staticYaml } from '../compile-yaml.ts';

const errorsOf = (yaml: string): readonly string[] => compileYaml(yaml).errors.map((error) => error.replace(/^c\.yaml:\d+:\d+: /, ''));

const endpoint = (address: string, rest = ''): string => `{endpoint: {address: {socket_address: {address: "${address}", port_value: 80}}}${rest}}`;
const named = (type: string, endpoints: string, rest = ''): string =>
  `name: a\ntype: ${type}\nload_assignment: {cluster_name: a, endpoints: [{lb_endpoints: [${endpoints}]}]}\n${rest}`;
const STATIC = staticYaml('a', ['10.0.0.1:80']);
const HINT = "Consider setting resolver_name or setting cluster type to 'STRICT_DNS' or 'LOGICAL_DNS'";
const OPTIONS = 'envoy.extensions.upstreams.http.v3.HttpProtocolOptions';
const LB = 'type.googleapis.com/envoy.extensions.load_balancing_policies';

const withOptions = (options: string): string =>
  `${STATIC}typed_extension_protocol_options: {${OPTIONS}: {"@type": type.googleapis.com/${OPTIONS}, ${options}}}`;
const withPolicy = (...policies: string[]): string =>
  `${STATIC}load_balancing_policy: {policies: [${policies.map((policy) => `{typed_extension_config: {name: p, typed_config: ${policy}}}`).join(', ')}]}`;

describe('a compiled cluster', () => {
  it('has the defaults of Envoy', () => {
    const { discovery, hash, ...rest } = specOf(STATIC);
    expect(hash).toHaveLength(44);
    const limits = {
      maxConnections: 1024,
      maxPendingRequests: 1024,
      maxRequests: 1024,
      maxRetries: 3,
      maxConnectionPools: Number.MAX_SAFE_INTEGER,
      trackRemaining: false,
    };
    expect(rest).toEqual({
      name: 'a',
      observabilityName: 'a',
      statName: 'a',
      perEndpointStats: false,
      connectTimeoutMs: 5_000,
      bufferLimitBytes: 1_048_576,
      loadBalancer: { kind: 'round-robin' },
      localityWeighted: false,
      panic: { thresholdPercent: 50, failTraffic: false },
      breakers: [limits, limits],
      http: {
        protocol: 'http1',
        http2: undefined,
        idleTimeoutMs: 3_600_000,
        maxConnectionDurationMs: 0,
        maxConnectionDurationJitterPercent: 0,
        maxStreamDurationMs: 0,
        maxRequestsPerConnection: 0,
        maxHeadersCount: 100,
        maxResponseHeadBytes: 81_920,
        enableTrailers: false,
        allowChunkedLength: false,
        fieldCase: LOWER_CASE,
        fullUrl: false,
        autoSni: undefined,
      },
      transportSocket: undefined,
      transportSocketMatches: [],
      tcpKeepAlive: undefined,
      localAddress: undefined,
      closeConnectionsOnHostSetChange: false,
      metadata: undefined,
    });
    expect(discovery).toEqual({
      kind: 'static',
      assignment: {
        overprovisioningFactor: 140,
        weightedPriorityHealth: false,
        priorities: [
          [
            {
              locality: { region: '', zone: '', subZone: '' },
              weight: 0,
              endpoints: [
                {
                  address: { kind: 'ip', host: '10.0.0.1', port: 80, text: '10.0.0.1:80' },
                  hostname: '',
                  weight: 1,
                  health: 'UNKNOWN',
                  metadata: undefined,
                },
              ],
            },
          ],
        ],
      },
    });
  });

  it('can cross to another thread', () => {
    const spec = specOf(named('STRICT_DNS', endpoint('a.test')));
    expect(structuredClone(spec)).toEqual(spec);
  });

  it('hashes alike what says the same, and differently what does not', () => {
    expect(specOf(STATIC).hash).toBe(specOf(`${STATIC}connect_timeout: 5s`).hash);
    const variants = [
      STATIC,
      staticYaml('a', ['10.0.0.1:81']),
      `${STATIC}connect_timeout: 4s`,
      `${STATIC}lb_policy: RANDOM`,
      `${STATIC}metadata: {filter_metadata: {x: {y: 1}}}`,
      `${STATIC}circuit_breakers: {thresholds: [{max_retries: 4}]}`,
    ];
    expect(new Set(variants.map((yaml) => specOf(yaml).hash)).size).toBe(variants.length);
  });

  it('takes circuit breakers of each priority, the first where one is named twice', () => {
    const { breakers } = specOf(`${STATIC}circuit_breakers: {thresholds: [{priority: HIGH, max_retries: 7}, {priority: HIGH, max_retries: 8}]}`);
    expect(breakers.map(({ maxRetries }) => maxRetries)).toEqual([3, 7]);
  });

  it('refuses what is not done, by path', () => {
    expect(errorsOf(`${STATIC}outlier_detection: {}`)).toEqual(['outlier_detection: not supported: outlier_detection (hosts are not ejected for their answers)']);
    expect(errorsOf(`${STATIC}lb_policy: MAGLEV`)).toEqual(['lb_policy: not supported: lb_policy (requests are not spread by their hash)']);
    expect(errorsOf('name: a\ntype: EDS\neds_cluster_config: {eds_config: {ads: {}}}')).toContain(
      'type: not supported: type (endpoints come from the configuration or from DNS)',
    );
  });

  it('warns of keep-alive settings that Node.js cannot make', () => {
    const yaml = `${STATIC}upstream_connection_options: {tcp_keepalive: {keepalive_time: 9, keepalive_probes: 3}}`;
    expect(compileYaml(yaml).warnings).toEqual([
      'c.yaml:3:46: upstream_connection_options.tcp_keepalive: only keepalive_time has an effect: Node.js sends 10 probes, one a second',
    ]);
    expect(specOf(yaml).tcpKeepAlive).toEqual({ initialDelayMs: 9_000 });
  });
});

describe('static endpoints', () => {
  const assignmentOf = (endpoints: string) => {
    const { discovery } = specOf(`name: a\nload_assignment: {cluster_name: a, endpoints: [${endpoints}]}`);
    return discovery.kind === 'static' ? discovery.assignment : undefined;
  };

  it('stand by priority and locality, with empty levels where none is named', () => {
    const { priorities } = assignmentOf(
      `{priority: 2, lb_endpoints: [${endpoint('10.0.0.1')}]},
       {locality: {zone: z}, load_balancing_weight: 3, lb_endpoints: [${endpoint('10.0.0.2')}]},
       {locality: {zone: z}, load_balancing_weight: 4, lb_endpoints: [${endpoint('10.0.0.3')}]}`,
    )!;
    const shape = priorities.map((level) => level.map(({ locality, weight, endpoints }) => [locality.zone, weight, endpoints.map((each) => each.address.host)]));
    expect(shape).toEqual([[['z', 4, ['10.0.0.2', '10.0.0.3']]], [], [['', 0, ['10.0.0.1']]]]);
  });

  it('may be IPv6 addresses, in one spelling, and pipes', () => {
    const { priorities } = assignmentOf(`{lb_endpoints: [${endpoint('2001:DB8:0:0::1')}, {endpoint: {address: {pipe: {path: "@abstract"}}}}]}`)!;
    expect(priorities[0][0].endpoints.map(({ address }) => address.text)).toEqual(['[2001:db8::1]:80', '@abstract']);
  });

  it('must not be names', () => {
    expect(errorsOf(named('STATIC', endpoint('foo.example')))).toEqual([
      `load_assignment.endpoints[0].lb_endpoints[0].endpoint.address.socket_address.address: malformed IP address: foo.example. ${HINT}`,
    ]);
  });

  it('need an address and a numeric port; every problem is reported', () => {
    const yaml = named('STATIC', '{endpoint: {}}, {endpoint: {address: {socket_address: {address: 10.0.0.1, named_port: http}}}}, {}');
    const at = 'load_assignment.endpoints[0].lb_endpoints';
    expect(errorsOf(yaml)).toEqual([
      `${at}[0].endpoint.address: Address must be set. ${HINT}`,
      `${at}[1].endpoint.address.socket_address.named_port: IP resolver can't handle a named port. ${HINT}`,
      `${at}[2].endpoint.address: Address must be set. ${HINT}`,
    ]);
  });
});

describe('DNS clusters', () => {
  const dnsOf = (yaml: string) => {
    const { discovery } = specOf(yaml);
    if (discovery.kind === 'static') throw new Error('not a DNS cluster');
    return discovery;
  };

  it('take every setting from the cluster', () => {
    const rest = `dns_refresh_rate: 1s
dns_failure_refresh_rate: {base_interval: 2s}
dns_jitter: 0.5s
respect_dns_ttl: true
dns_lookup_family: V4_ONLY
wait_for_warm_on_init: false
dns_resolvers: [{socket_address: {address: "::1", port_value: 0}}]`;
    expect(dnsOf(named('STRICT_DNS', endpoint('a.test'), rest)).dns).toEqual({
      refreshMs: 1_000,
      failureRefresh: { baseMs: 2_000, maxMs: 20_000 },
      jitterMs: 500,
      respectTtl: true,
      family: 'v4-only',
      waitForWarm: false,
      resolver: { kind: 'dns', servers: ['[::1]:53'], search: true, timeoutMs: 5_000, tries: 4 },
    });
  });

  it('take a typed resolver before the older ways to name one', () => {
    const cares = `{"@type": type.googleapis.com/envoy.extensions.network.dns_resolver.cares.v3.CaresDnsResolverConfig,
      resolvers: [{socket_address: {address: 127.0.0.1, port_value: 5353}}], dns_resolver_options: {no_default_search_domain: true},
      query_timeout_seconds: 2, query_tries: 1}`;
    const rest = `typed_dns_resolver_config: {name: r, typed_config: ${cares}}\ndns_resolvers: [{socket_address: {address: "::1", port_value: 53}}]`;
    expect(dnsOf(named('STRICT_DNS', endpoint('a.test'), rest)).dns.resolver).toEqual({
      kind: 'dns',
      servers: ['127.0.0.1:5353'],
      search: false,
      timeoutMs: 2_000,
      tries: 1,
    });
    const getaddrinfo = '{"@type": type.googleapis.com/envoy.extensions.network.dns_resolver.getaddrinfo.v3.GetAddrInfoDnsResolverConfig}';
    const other = named('STRICT_DNS', endpoint('a.test'), `typed_dns_resolver_config: {name: r, typed_config: ${getaddrinfo}}`);
    expect(dnsOf(other).dns.resolver).toEqual({ kind: 'getaddrinfo' });
  });

  it('may be written as the DNS extension', () => {
    const type = (single: boolean) =>
      `name: a\ncluster_type: {name: envoy.cluster.dns, typed_config: {"@type": type.googleapis.com/envoy.extensions.clusters.dns.v3.DnsCluster, ` +
      `dns_refresh_rate: 9s, dns_lookup_family: ALL, all_addresses_in_single_endpoint: ${single}}}\n` +
      `load_assignment: {cluster_name: a, endpoints: [{lb_endpoints: [${endpoint('a.test')}]}]}`;
    expect(dnsOf(type(false))).toMatchObject({ kind: 'strict-dns', dns: { refreshMs: 9_000, family: 'all' } });
    expect(dnsOf(type(true))).toMatchObject({ kind: 'logical-dns', target: { name: 'a.test', port: 80, hostname: 'a.test' } });
  });

  it('may be named by their factories', () => {
    const yaml = (name: string) => `name: a\ncluster_type: {name: ${name}}\nload_assignment: {cluster_name: a, endpoints: [{lb_endpoints: [${endpoint('10.0.0.1')}]}]}`;
    const kinds = ['envoy.cluster.static', 'envoy.cluster.strict_dns', 'envoy.cluster.logical_dns'].map((name) => specOf(yaml(name)).discovery.kind);
    expect(kinds).toEqual(['static', 'strict-dns', 'logical-dns']);
    expect(errorsOf(yaml('envoy.cluster.foo'))).toEqual([
      "cluster_type: Didn't find a registered cluster factory implementation for name: 'envoy.cluster.foo'",
    ]);
    expect(errorsOf(yaml('envoy.clusters.aggregate'))).toEqual(['cluster_type: not supported: clusters of type envoy.clusters.aggregate']);
  });

  it('of the logical kind have one name', () => {
    const single = 'LOGICAL_DNS clusters must have a single locality_lb_endpoint and a single lb_endpoint';
    expect(errorsOf('name: a\ntype: LOGICAL_DNS')).toEqual(['LOGICAL_DNS clusters must have a single host']);
    expect(errorsOf(named('LOGICAL_DNS', ''))).toEqual([`load_assignment: ${single}`]);
    expect(errorsOf(named('LOGICAL_DNS', `${endpoint('a.test')}, ${endpoint('b.test')}`))).toEqual([`load_assignment: ${single}`]);
  });

  it('need names and ports', () => {
    expect(errorsOf(named('STRICT_DNS', '{endpoint: {address: {pipe: {path: /a}}}}'))).toEqual([
      'load_assignment.endpoints[0].lb_endpoints[0].endpoint.address: STRICT_DNS clusters resolve names: a socket_address is needed',
    ]);
    const custom = '{endpoint: {address: {socket_address: {address: a.test, port_value: 1, resolver_name: x}}}}';
    expect(errorsOf(named('STRICT_DNS', custom)).at(-1)).toBe(
      'load_assignment.endpoints[0].lb_endpoints[0].endpoint.address.socket_address.resolver_name: STRICT_DNS clusters must NOT have a custom resolver name set',
    );
  });

  it('have a failure rate whose bounds are in order', () => {
    expect(errorsOf(named('STRICT_DNS', endpoint('a.test'), 'dns_failure_refresh_rate: {base_interval: 10s, max_interval: 5s}'))).toEqual([
      'dns_failure_refresh_rate.max_interval: dns_failure_refresh_rate must have max_interval greater than or equal to the base_interval',
    ]);
  });
});

describe('load balancing', () => {
  const lbOf = (yaml: string): Pick<ClusterSpec, 'loadBalancer' | 'localityWeighted' | 'panic'> => {
    const { loadBalancer, localityWeighted, panic } = specOf(yaml);
    return { loadBalancer, localityWeighted, panic };
  };

  it('is chosen by lb_policy with its settings', () => {
    expect(lbOf(`${STATIC}lb_policy: RANDOM`).loadBalancer).toEqual({ kind: 'random' });
    expect(lbOf(`${STATIC}lb_policy: LEAST_REQUEST`).loadBalancer).toEqual({ kind: 'least-request', choiceCount: 2, activeRequestBias: 1, fullScan: false });
    const biased = 'lb_policy: LEAST_REQUEST\nleast_request_lb_config: {choice_count: 5, active_request_bias: {default_value: 0.5, runtime_key: a}}';
    expect(lbOf(STATIC + biased).loadBalancer).toEqual({ kind: 'least-request', choiceCount: 5, activeRequestBias: 0.5, fullScan: false });
    expect(lbOf(STATIC + biased.replace('0.5', '-1')).loadBalancer).toMatchObject({ activeRequestBias: 1 });
    expect(lbOf(STATIC + biased.replace(', runtime_key: a', '')).loadBalancer).toMatchObject({ choiceCount: 5, activeRequestBias: 0.5 });
  });

  it('is chosen by the first typed policy that is known, before lb_policy', () => {
    const yaml = withPolicy(
      '{"@type": type.googleapis.com/xds.type.v3.TypedStruct, type_url: type.googleapis.com/example.Mine, value: {}}',
      `{"@type": ${LB}.least_request.v3.LeastRequest, selection_method: FULL_SCAN, locality_lb_config: {locality_weighted_lb_config: {}}}`,
      `{"@type": ${LB}.random.v3.Random}`,
    );
    expect(lbOf(`${yaml}\nlb_policy: RANDOM`)).toMatchObject({ loadBalancer: { kind: 'least-request', fullScan: true }, localityWeighted: true });
  });

  it('says when no policy is known, or the known one is not done', () => {
    expect(errorsOf(withPolicy())).toEqual([
      "load_balancing_policy: cluster: didn't find a registered load balancer factory implementation for cluster: 'a' with names from []",
    ]);
    expect(errorsOf(withPolicy(`{"@type": ${LB}.maglev.v3.Maglev}`))).toEqual([
      'load_balancing_policy.policies[0].typed_extension_config.typed_config: not supported: the load balancing policy envoy.extensions.load_balancing_policies.maglev.v3.Maglev',
    ]);
    expect(errorsOf(`${STATIC}lb_policy: LOAD_BALANCING_POLICY_CONFIG`)).toEqual(['lb_policy: cluster: field load_balancing_policy need to be set']);
    expect(errorsOf(`${STATIC}lb_policy: CLUSTER_PROVIDED`)).toEqual([
      "lb_policy: cluster manager: cluster provided LB specified but cluster 'a' did not provide one. Check cluster documentation.",
    ]);
  });

  it('has a panic threshold and may fail traffic in panic', () => {
    const common = 'common_lb_config: {healthy_panic_threshold: {value: 12.6}, zone_aware_lb_config: {fail_traffic_on_panic: true}}';
    expect(lbOf(STATIC + common).panic).toEqual({ thresholdPercent: 13, failTraffic: true });
    expect(lbOf(`${STATIC}common_lb_config: {locality_weighted_lb_config: {}}`).localityWeighted).toBe(true);
  });
});

describe('protocol options', () => {
  it('are taken from the typed options', () => {
    const { http } = specOf(
      withOptions(`explicit_http_config: {http_protocol_options: {enable_trailers: true, allow_chunked_length: true}}, common_http_protocol_options:
        {idle_timeout: 0s, max_connection_duration: 60s, max_connection_duration_jitter: {value: 50}, max_requests_per_connection: 5, max_headers_count: 7, max_response_headers_kb: 1}`),
    );
    expect(http).toEqual({
      protocol: 'http1',
      http2: undefined,
      idleTimeoutMs: 0,
      maxConnectionDurationMs: 60_000,
      maxConnectionDurationJitterPercent: 50,
      maxStreamDurationMs: 0,
      maxRequestsPerConnection: 5,
      maxHeadersCount: 7,
      maxResponseHeadBytes: 1_024,
      enableTrailers: true,
      allowChunkedLength: true,
      fieldCase: LOWER_CASE,
      fullUrl: false,
      autoSni: undefined,
    });
  });

  it('are taken from the deprecated fields where there are no typed ones', () => {
    const old = 'max_requests_per_connection: 3\ncommon_http_protocol_options: {idle_timeout: 1s}\nhttp_protocol_options: {enable_trailers: true}';
    expect(specOf(STATIC + old).http).toMatchObject({ maxRequestsPerConnection: 3, idleTimeoutMs: 1_000, enableTrailers: true });
    expect(specOf(`${withOptions('explicit_http_config: {http_protocol_options: {}}')}\n${old}`).http).toMatchObject({
      maxRequestsPerConnection: 3,
      idleTimeoutMs: 3_600_000,
      enableTrailers: false,
    });
    const twice = 'max_requests_per_connection: 3\ncommon_http_protocol_options: {max_requests_per_connection: 2}';
    expect(errorsOf(STATIC + twice)).toEqual(['max_requests_per_connection: Only one of max_requests_per_connection from Cluster or HttpProtocolOptions can be specified']);
  });

  it('of HTTP/2 are taken, with its own limit for response heads', () => {
    const { http } = specOf(withOptions(`explicit_http_config: {http2_protocol_options: {max_concurrent_streams: 7, initial_stream_window_size: 65535,
      connection_keepalive: {interval: 1s, timeout: 2s}}}`));
    expect(http).toMatchObject({ protocol: 'http2', maxResponseHeadBytes: 81_920 });
    expect(http.http2).toEqual({
      hpackTableBytes: 4096,
      maxFieldBytes: 65_536,
      maxConcurrentStreams: 7,
      initialStreamWindowBytes: 65_535,
      initialConnectionWindowBytes: 25_165_824,
      maxOutboundFrames: 10_000,
      maxOutboundControlFrames: 1000,
      maxEmptyFrames: 1,
      maxPriorityFramesPerStream: 100,
      maxWindowUpdatesPerDataFrame: 10,
      streamErrorOnInvalidMessage: false,
      allowConnect: false,
      customSettings: [],
      maxHeadBytes: 61_440,
      keepAlive: { intervalMs: 1000, timeoutMs: 2000, jitterPercent: 15, idleIntervalMs: 0 },
    });
  });

  it('choose the protocol', () => {
    const protocolOf = (yaml: string): string => specOf(yaml).http.protocol;
    expect(protocolOf(withOptions('use_downstream_protocol_config: {}'))).toBe('downstream');
    expect(protocolOf(`${STATIC}http2_protocol_options: {}`)).toBe('http2');
    expect(protocolOf(`${STATIC}protocol_selection: USE_DOWNSTREAM_PROTOCOL`)).toBe('downstream');
    expect(protocolOf(`${withOptions('explicit_http_config: {http_protocol_options: {}}')}\nhttp2_protocol_options: {}`)).toBe('http1');
    expect(errorsOf(`${STATIC}http2_protocol_options: {}\nhttp_protocol_options: {}`)).toEqual([
      "cluster: Both HTTP1 and HTTP2 options may only be configured with non-default 'protocol_selection' values",
    ]);
  });

  it('leave the choice to TLS only where there is TLS', () => {
    expect(errorsOf(withOptions('auto_config: {}'))).toEqual(['ALPN configured for cluster a which has a non-ALPN transport socket']);
  });

  it('of another name are unknown', () => {
    const yaml = `${STATIC}typed_extension_protocol_options: {foo: {"@type": type.googleapis.com/${OPTIONS}, explicit_http_config: {http_protocol_options: {}}}}`;
    expect(errorsOf(yaml)).toEqual([
      'typed_extension_protocol_options["foo"]: Didn\'t find a registered network or http filter or protocol options implementation for name: \'foo\'',
    ]);
  });
});

describe('transport sockets', () => {
  const socket = (config: string): string => `${STATIC}transport_socket: {name: s${config}}`;
  const typed = (name: string): string => `, typed_config: {"@type": type.googleapis.com/envoy.extensions.transport_sockets.${name}}`;

  it('may be raw buffers', () => {
    expect(errorsOf(socket(typed('raw_buffer.v3.RawBuffer')))).toEqual([]);
    expect(errorsOf(socket(''))).toEqual(["transport_socket: Didn't find a registered implementation for 's' with type URL: ''"]);
  });
});
