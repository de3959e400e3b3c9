/** The commands of Envoy's admin interface, in its order and words: `/help`, the home page and the table of handlers follow this list. */
export const COMMANDS = [
  {
    path: '/',
    help: 'Admin home page',
  },
  {
    path: '/allocprofiler',
    help: 'enable/disable the allocation profiler (if supported)',
    mutates: true,
    params: [
      { name: 'enable', help: 'enable/disable the allocation profiler; One of (y, n)' },
    ],
  },
  {
    path: '/certs',
    help: 'print certs on machine',
  },
  {
    path: '/clusters',
    help: 'upstream cluster status',
    params: [
      { name: 'filter', help: 'Regular expression (Google re2) for filtering clusters by name' },
    ],
  },
  {
    path: '/config_dump',
    help: 'dump current Envoy configs',
    params: [
      { name: 'resource', help: 'The resource to dump' },
      { name: 'mask', help: 'The mask to apply. When both resource and mask are specified, the mask is applied to every element in the desired repeated field so that only a subset of fields are returned. The mask is parsed as a Protobuf::FieldMask' },
      { name: 'name_regex', help: 'Dump only the currently loaded configurations whose names match the specified regex. Can be used with both resource and mask query parameters.' },
      { name: 'include_eds', help: 'Dump currently loaded configuration including EDS. See the response definition for more information' },
    ],
  },
  {
    path: '/contention',
    help: 'dump current Envoy mutex contention stats (if enabled)',
  },
  {
    path: '/cpuprofiler',
    help: 'enable/disable the CPU profiler',
    mutates: true,
    params: [
      { name: 'enable', help: 'enables the CPU profiler; One of (y, n)' },
    ],
  },
  {
    path: '/drain_listeners',
    help: 'drain listeners',
    mutates: true,
    params: [
      { name: 'graceful', help: 'When draining listeners, enter a graceful drain period prior to closing listeners. This behaviour and duration is configurable via server options or CLI' },
      { name: 'skip_exit', help: 'When draining listeners, drain the connections but never stop the listeners. The graceful parameter has no effect when this is set, since the drain period only delays stopping the listeners' },
      { name: 'inboundonly', help: 'Drains all inbound listeners. traffic_direction field in envoy_v3_api_msg_config.listener.v3.Listener is used to determine whether a listener is inbound or outbound.' },
    ],
  },
  {
    path: '/healthcheck/fail',
    help: 'cause the server to fail health checks',
    mutates: true,
  },
  {
    path: '/healthcheck/ok',
    help: 'cause the server to pass health checks',
    mutates: true,
  },
  {
    path: '/heap_dump',
    help: 'dump current Envoy heap (if supported)',
  },
  {
    path: '/heapprofiler',
    help: 'enable/disable the heap profiler',
    mutates: true,
    params: [
      { name: 'enable', help: 'enable/disable the heap profiler; One of (y, n)' },
    ],
  },
  {
    path: '/help',
    help: 'print out list of admin commands',
  },
  {
    path: '/hot_restart_version',
    help: 'print the hot restart compatibility version',
  },
  {
    path: '/init_dump',
    help: 'dump current Envoy init manager information (experimental)',
    params: [
      { name: 'mask', help: 'The desired component to dump unready targets. The mask is parsed as a Protobuf::FieldMask. For example, get the unready targets of all listeners with /init_dump?mask=listener`' },
    ],
  },
  {
    path: '/listeners',
    help: 'print listener info',
    params: [
      { name: 'format', help: 'File format to use; One of (text, json)' },
    ],
  },
  {
    path: '/logging',
    help: 'query/change logging levels',
    mutates: true,
    params: [
      { name: 'paths', help: 'Change multiple logging levels by setting to <logger_name1>:<desired_level1>,<logger_name2>:<desired_level2>. If fine grain logging is enabled, use __FILE__ or a glob experision as the logger name. For example, source/common*:warning' },
      { name: 'group', help: 'Change given logger group to desired level, set to <logger_group_name>:<desired_level>. logger_group_name must be a logger name.' },
      { name: 'level', help: 'desired logging level, this will change all loggers\'s level; One of (, trace, debug, info, warning, error, critical, off)' },
    ],
  },
  {
    path: '/memory',
    help: 'print current allocation/heap usage',
  },
  {
    path: '/memory/tcmalloc',
    help: 'print TCMalloc stats',
  },
  {
    path: '/peak_heap_dump',
    help: 'dump peak Envoy heap (if supported)',
  },
  {
    path: '/quitquitquit',
    help: 'exit the server',
    mutates: true,
  },
  {
    path: '/ready',
    help: 'print server state, return 200 if LIVE, otherwise return 503',
  },
  {
    path: '/reopen_logs',
    help: 'reopen access logs',
    mutates: true,
  },
  {
    path: '/reset_counters',
    help: 'reset all counters to zero',
    mutates: true,
  },
  {
    path: '/runtime',
    help: 'print runtime values',
  },
  {
    path: '/runtime_modify',
    help: 'Adds or modifies runtime values as passed in query parameters. To delete a previously added key, use an empty string as the value. Note that deletion only applies to overrides added via this endpoint; values loaded from disk can be modified via override but not deleted. E.g. ?key1=value1&key2=value2...',
    mutates: true,
  },
  {
    path: '/server_info',
    help: 'print server version/status information',
  },
  {
    path: '/stats',
    help: 'print server stats',
    params: [
      { name: 'usedonly', help: 'Only include stats that have been written by system since restart' },
      { name: 'filter', help: 'Regular expression (Google re2) for filtering stats' },
      { name: 'invert_filter', help: 'Invert the filter regex' },
      { name: 'format', help: 'Format to use; One of (html, active-html, text, json)' },
      { name: 'type', help: 'Stat types to include.; One of (All, Counters, Histograms, Gauges, TextReadouts)' },
      { name: 'histogram_buckets', help: 'Histogram bucket display mode; One of (cumulative, disjoint, detailed, summary)' },
    ],
  },
  {
    path: '/stats/prometheus',
    help: 'print server stats in prometheus format',
    params: [
      { name: 'usedonly', help: 'Only include stats that have been written by system since restart' },
      { name: 'text_readouts', help: 'Render text_readouts as new gaugues with value 0 (increases Prometheus data size)' },
      { name: 'filter', help: 'Regular expression (Google re2) for filtering stats' },
      { name: 'invert_filter', help: 'Invert the filter regex' },
      { name: 'histogram_buckets', help: 'Histogram bucket display mode; One of (cumulative, summary)' },
    ],
  },
  {
    path: '/stats/recentlookups',
    help: 'Show recent stat-name lookups',
  },
  {
    path: '/stats/recentlookups/clear',
    help: 'clear list of stat-name lookups and counter',
    mutates: true,
  },
  {
    path: '/stats/recentlookups/disable',
    help: 'disable recording of reset stat-name lookup names',
    mutates: true,
  },
  {
    path: '/stats/recentlookups/enable',
    help: 'enable recording of reset stat-name lookup names',
    mutates: true,
  },
] as const satisfies readonly Command[];

export interface Command {
  readonly path: string;
  readonly help: string;
  /** Changes something: needs POST. */
  readonly mutates?: boolean;
  readonly params?: readonly CommandParam[];
}

export interface CommandParam {
  readonly name: string;
  readonly help: string;
}

export type CommandPath = (typeof COMMANDS)[number]['path'];

/** Mutating commands are marked, parameters indented. */
export function commandsText(): string {
  const commands: readonly Command[] = COMMANDS;
  return commands
    .map(({ path, help, mutates, params = [] }) => {
      const lines = params.map((param) => `      ${param.name}: ${param.help}\n`);
      return `  ${path}${mutates === true ? ' (POST)' : ''}: ${help}\n${lines.join('')}`;
    })
    .join('');
}
