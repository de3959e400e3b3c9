/** The command line's flags, in the order of the help text. Names and meanings are Envoy's where Envoy has the flag. */

export type FlagKind = 'string' | 'uint32' | 'switch' | 'list';

export interface Flag {
  readonly name: string;
  readonly short?: string;
  readonly kind: FlagKind;
  readonly help: string;
}

function text(name: string, help: string, short?: string): Flag {
  return { name, kind: 'string', help, short };
}

function number(name: string, help: string): Flag {
  return { name, kind: 'uint32', help };
}

function toggle(name: string, help: string): Flag {
  return { name, kind: 'switch', help };
}

export const FLAGS: readonly Flag[] = [
  text('config-path', 'Path to configuration file', 'c'),
  text('config-yaml', 'Inline YAML configuration, merges with the contents of --config-path'),
  text('mode', "One of 'serve' (default; validate configs and then serve traffic normally), 'validate' (validate configs and exit) or 'init_only' (exit after initialisation)."),
  number('concurrency', '# of worker threads to run'),
  text('transport', "How bytes move. One of 'auto' (default; the fastest that passes a self-test), 'direct' or 'public' (only Node's documented interfaces)."),
  toggle('watch', 'Reload the configuration when its file changes, as SIGHUP does'),
  toggle('allow-unknown-static-fields', 'Allow unknown fields in static configuration'),
  toggle('allow-unknown-fields', 'Allow unknown fields in static configuration (DEPRECATED)'),
  toggle('reject-unknown-dynamic-fields', 'Reject unknown fields in dynamic configuration'),
  toggle('ignore-unknown-dynamic-fields', 'Ignore unknown fields in dynamic configuration'),
  toggle('skip-deprecated-logs', 'Skips the logging of deprecated field warnings during Protobuf message validation'),
  text('disable-extensions', 'Comma-separated list of extensions to disable'),
  text('service-cluster', 'Cluster name'),
  text('service-node', 'Node name'),
  text('service-zone', 'Zone name'),
  text('local-address-ip-version', 'The local IP address version (v4 or v6).'),
  text('admin-address-path', 'Admin address path'),
  text('log-level', 'Log levels: [trace][debug][info][warning|warn][error][critical][off]. Default is [info]', 'l'),
  text('component-log-level', 'Comma-separated list of component log levels. For example upstream:debug,config:trace'),
  text('log-path', 'Path to logfile'),
  text('log-format', 'Log message format in spdlog syntax. Default is "[%Y-%m-%d %T.%e][%t][%l][%n] [%g:%#] %v"'),
  toggle('log-format-escaped', 'Escape c-style escape sequences in the application logs'),
  toggle('log-stacktrace-single-entry', 'Emit the entire stack trace in a single log entry, which is what happens anyway.'),
  toggle('enable-fine-grain-logging', 'Refused: log levels are set by component'),
  number('file-flush-interval-msec', 'Interval for log flushing in msec'),
  number('file-flush-min-size-kb', 'Minimum size in KB for log flushing'),
  { name: 'stats-tag', kind: 'list', help: 'A tag:value for all statistics. Tag names are alphanumeric; values may hold anything but dots. May be repeated with other tag names.' },
  number('drain-time-s', 'Hot restart and LDS removal drain time in seconds'),
  text('drain-strategy', "Drain sequence behaviour, one of 'gradual' (default) or 'immediate'."),
  text('drain-on-sigterm', 'On SIGTERM, drain and exit when the last connection has ended, after at most this many seconds. Without it SIGTERM exits at once.'),
  number('parent-shutdown-time-s', 'Hot restart parent shutdown time in seconds; without effect, because there is no hot restart'),
  number('base-id', 'Base ID so that multiple proxies can run on the same host; nothing is shared between them here'),
  text('base-id-path', 'Path to which the base ID is written'),
  toggle('use-dynamic-base-id', 'The server chooses a base ID dynamically. May not be used when the restart epoch is non-zero.'),
  number('restart-epoch', 'Hot restart epoch #; only 0'),
  toggle('hot-restart-version', 'Hot restart compatibility version'),
  toggle('disable-hot-restart', 'Disable hot restart functionality, which is the case anyway'),
  toggle('skip-hot-restart-on-no-parent', 'Without effect, because there is no hot restart'),
  toggle('skip-hot-restart-parent-stats', 'Without effect, because there is no hot restart'),
  text('socket-path', 'Path to hot restart socket file; without effect'),
  text('socket-mode', 'Socket file permission; without effect'),
  toggle('cpuset-threads', 'Get the default # of worker threads from cpuset size, which is the case anyway'),
  toggle('enable-mutex-tracing', 'Without effect: there are no mutexes'),
  toggle('enable-core-dump', 'Without effect: use ulimit -c and node --abort-on-uncaught-exception'),
  toggle('ignore_rest', 'Ignores the rest of the labeled arguments following this flag.'),
  toggle('version', 'Displays version information and exits.'),
  { name: 'help', short: 'h', kind: 'switch', help: 'Displays usage information and exits.' },
];
