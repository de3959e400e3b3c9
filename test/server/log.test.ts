import { mkdtempSync, readFileSync, renameSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { ManualClock } from '../../src/core/clock.ts';
import { LOG_COMPONENTS, LogLevels } from '../../src/server/log-components.ts';
import { compileLogFormat, DEFAULT_LOG_FORMAT, type LogRecord } from '../../src/server/log-format.ts';
import { ComponentLogger, LogSink } from '../../src/server/logger.ts';

const RECORD: LogRecord = {
  timeMs: new Date(2026, 0, 2, 15, 4, 5, 6).getTime(),
  level: 'warning',
  component: 'upstream',
  message: 'line "one"\nline two',
  thread: 3,
  pid: 42,
};

function format(pattern: string, escaped = false): string {
  return compileLogFormat({ kind: 'pattern', pattern, escaped })(RECORD);
}

describe('a log pattern', () => {
  test("gives Envoy's line without the source position", () => {
    expect(format(DEFAULT_LOG_FORMAT)).toBe('[2026-01-02 15:04:05.006][3][warning][upstream] line "one"\nline two');
  });

  test('knows the flags of spdlog', () => {
    expect(format('%a %A %b %B %C %D %x %d %H %I %M %S %e %f %F %p %R %X')).toBe(
      'Fri Friday Jan January 26 01/02/26 01/02/26 02 15 03 04 05 006 006000 006000000 PM 15:04 15:04:05',
    );
    expect(format('%P %L %r %E')).toBe(`42 W 03:04:05 PM ${Math.floor(RECORD.timeMs / 1000)}`);
    expect(format('%z')).toMatch(/^[+-]\d\d:\d\d$/);
  });

  test('pads', () => {
    expect(format('%3t|%-9l|%=10l|')).toBe('  3|warning  | warning  |');
  });

  test('shows - for what has no meaning here and leaves unknown flags as they are', () => {
    expect(format('%s %g %# %! %@ %% %k %^%l%$')).toBe('- - - - - % %k warning');
  });

  test('escapes messages when asked to', () => {
    expect(format('%_')).toBe('line \\"one\\"\\nline two');
    expect(format('%v', true)).toBe('line \\"one\\"\\nline two');
  });

  test('makes one JSON object a line', () => {
    const line = compileLogFormat({ kind: 'json', fields: { l: '%l', nested: { message: '%j', list: ['%n', 1] }, n: 2 } })(RECORD);
    expect(line).not.toContain('\n');
    expect(JSON.parse(line)).toEqual({ l: 'warning', nested: { message: RECORD.message, list: ['upstream', 1] }, n: 2 });
  });
});

describe('log levels', () => {
  test('are set for all or by component, and known to every thread at once', () => {
    const levels = LogLevels.create('error', [['config', 'trace']]);
    const elsewhere = new LogLevels(levels.shared);
    expect(new Map(elsewhere.list()).get('config')).toBe('trace');
    expect(elsewhere.set('nobody', 'info')).toBe(false);
    elsewhere.set('http', 'debug');
    expect(new Map(levels.list())).toEqual(new Map([...LOG_COMPONENTS.map((name) => [name, 'error'] as const), ['config', 'trace'], ['http', 'debug']]));
    levels.setAll('off');
    expect(new Set(elsewhere.list().map(([, level]) => level))).toEqual(new Set(['off']));
  });
});

describe('a logger', () => {
  let folder: string;
  let path: string;

  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'nuncio-log-'));
    path = join(folder, 'log');
  });

  afterEach(() => rmSync(folder, { recursive: true }));

  function loggerTo(sink: LogSink): { logger: ComponentLogger; levels: LogLevels } {
    const levels = LogLevels.create('info');
    const formatter = compileLogFormat({ kind: 'pattern', pattern: '%l %n %v', escaped: false });
    return { logger: new ComponentLogger({ clock: new ManualClock(), sink, levels, format: formatter, thread: 0 }), levels };
  }

  test('writes what its component lets through', () => {
    const sink = new LogSink(path);
    const { logger, levels } = loggerTo(sink);
    const upstream = logger.component('upstream');
    upstream.debug('one');
    upstream.error('two');
    levels.set('upstream', 'debug');
    upstream.debug('three');
    logger.debug('four');
    levels.setAll('off');
    upstream.critical('five');
    expect([upstream.enabled('critical'), upstream.enabled('off')]).toEqual([false, true]);
    sink.close();
    expect(readFileSync(path, 'utf8')).toBe('error upstream two\ndebug upstream three\n');
  });

  test('writes to a new file after its file was moved away and opened again', () => {
    const sink = new LogSink(path);
    const { logger } = loggerTo(sink);
    logger.info('one');
    renameSync(path, `${path}.1`);
    logger.info('two');
    sink.reopen();
    logger.info('three');
    sink.close();
    expect([readFileSync(`${path}.1`, 'utf8'), readFileSync(path, 'utf8')]).toEqual(['info main one\ninfo main two\n', 'info main three\n']);
  });

  test('says when its file cannot be opened', () => {
    expect(new LogSink(join(folder, 'missing', 'log')).isOpen).toBe(false);
    expect(new LogSink('').isOpen).toBe(true);
  });
});
