import { describe, expect, test } from 'vitest';
import { parseCommandLine, type ServerOptions } from '../../src/server/options.ts';

function options(...args: string[]): ServerOptions {
  const command = parseCommandLine(args, 4);
  if (command.kind !== 'run') throw new Error(command.text);
  return command.options;
}

function refusal(...args: string[]): string {
  const command = parseCommandLine(args, 4);
  return command.kind === 'error' ? command.text : '';
}

/** The lines of a parse error that say what is wrong: TCLAP's first two and its last. */
function parseError(...args: string[]): readonly string[] {
  const lines = refusal(...args).trimEnd().split('\n');
  return [lines[0]!, lines[1]!.trim(), lines.at(-1)!];
}

describe('the command line', () => {
  test("has Envoy's defaults", () => {
    expect(options()).toMatchObject({
      concurrency: 4,
      mode: 'serve',
      logLevel: 'info',
      logFormat: '[%Y-%m-%d %T.%e][%t][%l][%n] [%g:%#] %v',
      fileFlushIntervalMs: 10_000,
      fileFlushMinSizeKb: 64,
      drainTimeMs: 600_000,
      drainStrategy: 'gradual',
      parentShutdownTimeMs: 900_000,
      localAddressIpVersion: 'v4',
      transport: 'auto',
      drainOnSigtermMs: undefined,
      watch: false,
    });
  });

  test('reads every kind of flag', () => {
    const line =
      '-c a.yaml --config-yaml {} --concurrency 2 -l warn --component-log-level upstream:debug,config:trace --stats-tag a:b --stats-tag c:d:e ' +
      '--mode init_only --drain-strategy immediate --drain-time-s 7 --drain-on-sigterm 30 --watch --disable-extensions a,b --socket-mode 644';
    const read = options(...line.split(' '));
    expect(read).toMatchObject({
      configPath: 'a.yaml',
      configYaml: '{}',
      concurrency: 2,
      logLevel: 'warning',
      componentLogLevels: [
        ['upstream', 'debug'],
        ['config', 'trace'],
      ],
      statsTags: [
        { name: 'a', value: 'b' },
        { name: 'c', value: 'd:e' },
      ],
      mode: 'init_only',
      drainStrategy: 'immediate',
      drainTimeMs: 7000,
      drainOnSigtermMs: 30_000,
      watch: true,
      disabledExtensions: ['a', 'b'],
      socketMode: 0o644,
    });
  });

  test('takes no concurrency of zero', () => {
    expect(options('--concurrency', '0').concurrency).toBe(1);
  });

  test("says what is wrong in TCLAP's words", () => {
    expect(parseError('--nope')).toEqual(['PARSE ERROR: Argument: --nope', "Couldn't find match for argument", "--nope -- Couldn't find match for argument"]);
    expect(parseError('extra')).toEqual(['PARSE ERROR: Argument: extra', "Couldn't find match for argument", "extra -- Couldn't find match for argument"]);
    expect(parseError('-c')[2]).toBe('-c (--config-path) -- Missing a value for this argument!');
    expect(parseError('--concurrency', 'x')[2]).toBe("(--concurrency) -- Couldn't read argument value from string 'x'");
    expect(parseError('--concurrency', '4294967296')[2]).toBe("(--concurrency) -- Couldn't read argument value from string '4294967296'");
    expect(parseError('-l', 'info', '--log-level', 'info')[2]).toBe('-l (--log-level) -- Argument already set!');
    expect(parseError('--drain-time-s=5')[2]).toBe("--drain-time-s=5 -- Couldn't find match for argument");
    expect(parseError('--conc', '5')[2]).toBe("--conc -- Couldn't find match for argument");
  });

  test("says which value is wrong in Envoy's words", () => {
    expect(refusal('-l', 'foo')).toBe("error: invalid log level specified 'foo'\n");
    expect(refusal('--log-level', '--mode')).toBe("error: invalid log level specified '--mode'\n");
    expect(refusal('--component-log-level', 'foo')).toBe("error: component log level not correctly specified 'foo'\n");
    expect(refusal('--component-log-level', 'foo:debug')).toBe("error: invalid component specified 'foo'\n");
    expect(refusal('--component-log-level', 'upstream:foo')).toBe("error: invalid log level specified 'foo'\n");
    expect(refusal('--mode', 'foo')).toBe("error: unknown mode 'foo'\n");
    expect(refusal('--local-address-ip-version', 'v5')).toBe("error: unknown IP address version 'v5'\n");
    expect(refusal('--stats-tag', 'foo')).toBe("error: misformatted stats-tag 'foo'\n");
    expect(refusal('--stats-tag', 'foo:')).toBe("error: misformatted stats-tag 'foo:' contains invalid char in ''\n");
    expect(refusal('--stats-tag', 'foo:b.r')).toBe("error: misformatted stats-tag 'foo:b.r' contains invalid char in 'b.r'\n");
    expect(refusal('--use-dynamic-base-id', '--restart-epoch', '1')).toBe('error: cannot use --restart-epoch=1 with --use-dynamic-base-id\n');
    expect(refusal('--drain-strategy', 'foo')).toBe("error: unknown drain-strategy 'foo'\n");
  });

  test('takes harmless flags of hot restart and refuses those it cannot honour', () => {
    expect(options('--restart-epoch', '0', '--base-id', '7', '--disable-hot-restart', '--parent-shutdown-time-s', '5').baseId).toBe(7);
    expect(refusal('--restart-epoch', '1')).toContain('there is no hot restart');
    expect(refusal('--enable-fine-grain-logging')).toContain('by component');
    expect(parseCommandLine(['--hot-restart-version'], 1)).toEqual({ kind: 'print', text: 'disabled\n' });
  });

  test('warns of flags without effect', () => {
    expect(options('--allow-unknown-fields')).toMatchObject({
      allowUnknownStaticFields: true,
      warnings: ['--allow-unknown-fields is deprecated, use --allow-unknown-static-fields instead.'],
    });
    expect(options('--enable-mutex-tracing').warnings).toEqual(['--enable-mutex-tracing has no effect.']);
  });

  test('prints help and version before anything else is judged', () => {
    for (const rest of ['extra', '--bogus', '--help']) expect(parseCommandLine(['-h', rest], 1)).toEqual(parseCommandLine(['--help'], 1));
    expect(parseCommandLine(['extra', '-h'], 1)).toMatchObject({ kind: 'error' });
    expect(parseCommandLine(['--version', '-h'], 1)).toEqual(parseCommandLine(['--version'], 1));
    const version = parseCommandLine(['--version', '-l', 'foo'], 1);
    expect(version).toMatchObject({ kind: 'print', text: expect.stringMatching(/^\nnuncio {2}version: [^/]+\/1\.40\.0\/Clean\/RELEASE\/OpenSSL\n\n$/) });
    const help = parseCommandLine(['-h'], 1);
    expect(help.kind === 'print' && help.text).toContain('-c <string>,  --config-path <string>\n');
  });

  test('ignores what follows --', () => {
    expect(options('--concurrency', '3', '--', '--nope').concurrency).toBe(3);
  });

  test('wraps its usage at 75 columns', () => {
    expect(Math.max(...refusal('--nope').split('\n').map((line) => line.length))).toBeLessThanOrEqual(75);
  });
});
