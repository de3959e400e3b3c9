import { mkdtempSync, readdirSync, readFileSync, renameSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { ManualClock } from '../../src/core/clock.ts';
import { defineStats, type StatSchema, type StatStore } from '../../src/core/stats/stats.ts';
import { Timers } from '../../src/core/timers.ts';
import { FILESYSTEM_STATS, FLUSH_BYTES, type FileSystem, MAX_BUFFERED_BYTES } from '../../src/http/access-log-file.ts';
import { AccessLogFileProbe, AccessLogFiles, type RecordSink, STANDARD_OUTPUT } from '../../src/http/access-log-files.ts';

/** Counts by slot. */
function countingStats(): { stats: StatStore; values: Record<string, number> } {
  const values: Record<string, number> = {};
  const group = (prefix: string, schema: StatSchema): unknown => {
    const names = [...schema.counters, ...schema.gauges].map((name) => `${prefix}.${name}`);
    const add = (id: number, amount: number): void => {
      values[names[id]!] = (values[names[id]!] ?? 0) + amount;
    };
    return { inc: (id: number) => add(id, 1), gaugeAdd: add };
  };
  return { stats: { group } as unknown as StatStore, values };
}

/** A disk that writes when it is told to. */
class SlowFiles implements FileSystem {
  readonly written: string[] = [];
  readonly waiting: ((error: NodeJS.ErrnoException | null, written?: number) => void)[] = [];
  readonly opened: string[] = [];
  readonly closed: number[] = [];
  failOpen = false;
  pipes = false;

  open(path: string): number {
    if (this.failOpen) throw Object.assign(new Error('no'), { code: 'EACCES' });
    return this.opened.push(path);
  }

  write(fd: number, bytes: Buffer, offset: number, done: (error: NodeJS.ErrnoException | null, written: number) => void): void {
    const text = bytes.toString('latin1', offset);
    this.waiting.push((error, written = text.length) => {
      if (error === null) this.written.push(`${fd}:${text.substring(0, written)}`);
      done(error, written);
    });
  }

  isPipe(): boolean {
    return this.pipes;
  }

  writeNow(fd: number, bytes: Buffer, offset: number): number {
    this.written.push(`${fd}:${bytes.toString('latin1', offset)}`);
    return bytes.length - offset;
  }

  close(fd: number): void {
    this.closed.push(fd);
  }
}

const FAILED: NodeJS.ErrnoException = Object.assign(new Error('full'), { code: 'ENOSPC' });

describe('access log files', () => {
  let clock: ManualClock;
  let timers: Timers;
  let disk: SlowFiles;
  let logs: AccessLogFiles;
  let values: Record<string, number>;
  let sink: RecordSink;

  beforeEach(() => {
    clock = new ManualClock();
    timers = new Timers(clock);
    disk = new SlowFiles();
    const counting = countingStats();
    values = counting.values;
    logs = new AccessLogFiles({ timers, stats: counting.stats, files: disk });
    sink = logs.open('/log') as RecordSink;
  });

  afterEach(() => timers.close());

  /** The first record does not wait for others. */
  function writeFirst(to = sink): void {
    to.write('first\n');
    disk.waiting.pop()!(null);
    disk.written.length = 0;
  }

  it('writes to standard output as it is where it cannot be opened, and leaves it open', async () => {
    disk.failOpen = true;
    const output = logs.open(STANDARD_OUTPUT) as RecordSink;
    expect(logs.open('/elsewhere')).toBe("unable to open file '/elsewhere': Permission denied");
    output.write('a\n');
    logs.reopen();
    disk.waiting.shift()!(null);
    await logs.close();
    expect(disk.written).toEqual([`${STANDARD_OUTPUT.fd}:a\n`]);
    // Those of the file that is always there.
    expect(disk.closed).toHaveLength(1);
    expect(values['filesystem.reopen_failed']).toBe(1);
  });

  it('write the first record at once', () => {
    sink.write('one\n');
    sink.write('two\n');
    expect(disk.waiting).toHaveLength(1);
    disk.waiting[0]!(null);
    expect(disk.written).toEqual(['1:one\n']);
    expect(disk.waiting).toHaveLength(1);
  });

  it('gather records until the flush interval has passed', () => {
    writeFirst();
    sink.write('one\n');
    sink.write('two\n');
    clock.advance(9999);
    timers.expire();
    expect(disk.waiting).toHaveLength(0);
    expect(values['filesystem.write_total_buffered']).toBe(8);
    clock.advance(1);
    timers.expire();
    disk.waiting[0]!(null);
    expect(disk.written).toEqual(['1:one\ntwo\n']);
    expect(values).toEqual({
      'filesystem.write_buffered': 3, 'filesystem.write_total_buffered': 0, 'filesystem.flushed_by_timer': 1, 'filesystem.write_completed': 2,
    });
  });

  it('write at once when 64 KiB have been gathered, one write at a time', () => {
    writeFirst();
    sink.write('a'.repeat(FLUSH_BYTES - 1));
    expect(disk.waiting).toHaveLength(0);
    sink.write('b');
    expect(disk.waiting).toHaveLength(1);
    sink.write('c'.repeat(FLUSH_BYTES));
    sink.write('d');
    expect(disk.waiting).toHaveLength(1);
    disk.waiting[0]!(null);
    expect(disk.waiting).toHaveLength(2);
    disk.waiting[1]!(null);
    expect(disk.written.map((text) => text.length - 2)).toEqual([FLUSH_BYTES, FLUSH_BYTES + 1]);
  });

  it('write at the size that was asked for', () => {
    const eager = new AccessLogFiles({ timers, stats: countingStats().stats, files: disk, flushMinSizeBytes: 0 });
    (eager.open('/eager') as RecordSink).write('now');
    expect(disk.waiting).toHaveLength(1);
    disk.waiting[0]!(null);
    expect(disk.waiting).toHaveLength(1);
    const small = new AccessLogFiles({ timers, stats: countingStats().stats, files: disk, flushMinSizeBytes: 4 });
    const file = small.open('/small') as RecordSink;
    writeFirst(file);
    file.write('abc');
    expect(disk.waiting).toHaveLength(1);
    file.write('d');
    expect(disk.waiting).toHaveLength(2);
  });

  it('write before they are full, whatever size was asked for', () => {
    const lazy = new AccessLogFiles({ timers, stats: countingStats().stats, files: disk, flushMinSizeBytes: Infinity });
    (lazy.open('/lazy') as RecordSink).write('x'.repeat(MAX_BUFFERED_BYTES / 2));
    expect(disk.waiting).toHaveLength(1);
  });

  it('go on where a write stopped half-way', () => {
    sink.write('abcdef');
    logs.flush();
    disk.waiting[0]!(null, 2);
    disk.waiting[1]!(null);
    expect(disk.written).toEqual(['1:ab', '1:cdef']);
    expect(values['filesystem.write_completed']).toBe(1);
  });

  it('write what they have at once when their thread ends, but not to a pipe that has not taken what came before', () => {
    writeFirst();
    sink.write('one\n');
    logs.rescue();
    expect(disk.written).toEqual(['1:one\n']);
    sink.write('two\n');
    logs.flush();
    sink.write('three\n');
    disk.pipes = true;
    logs.rescue();
    expect(disk.written).toEqual(['1:one\n']);
    disk.pipes = false;
    logs.rescue();
    expect(disk.written).toEqual(['1:one\n', '1:three\n']);
    disk.waiting[0]!(null);
    expect(values['filesystem.write_total_buffered']).toBe(0);
  });

  it('drop and count records that a slow disk leaves no room for', () => {
    sink.write('x'.repeat(MAX_BUFFERED_BYTES - 1));
    sink.write('y');
    sink.write('z');
    expect(values['filesystem.write_failed']).toBe(1);
    expect(values['filesystem.write_total_buffered']).toBe(MAX_BUFFERED_BYTES);
    disk.waiting[0]!(null);
    sink.write('z');
    expect(values['filesystem.write_failed']).toBe(1);
  });

  it('count a failed write and go on', () => {
    sink.write('lost');
    logs.flush();
    disk.waiting[0]!(FAILED);
    expect(values['filesystem.write_failed']).toBe(1);
    expect(values['filesystem.write_total_buffered']).toBe(0);
    sink.write('kept');
    logs.flush();
    disk.waiting[1]!(null);
    expect(disk.written).toEqual(['1:kept']);
  });

  it('of one path are one file', () => {
    expect(logs.open('/log')).toBe(sink);
    expect(logs.open('/other')).not.toBe(sink);
    expect(disk.opened).toEqual(['/log', '/other']);
  });

  it('open again when they are told to, after the write under way', () => {
    sink.write('old');
    logs.flush();
    sink.write('new');
    logs.reopen();
    expect(disk.opened).toEqual(['/log']);
    disk.waiting[0]!(null);
    disk.waiting[1]!(null);
    expect(disk.written).toEqual(['1:old', '2:new']);
    expect(disk.closed).toEqual([1]);
  });

  it('write to the old file when there is no new one', () => {
    disk.failOpen = true;
    logs.reopen();
    sink.write('kept');
    logs.flush();
    disk.waiting[0]!(null);
    expect(disk.written).toEqual(['1:kept']);
    expect(values['filesystem.reopen_failed']).toBe(1);
  });

  it('write what is left when they close, after the write under way, and nothing later', async () => {
    sink.write('first');
    logs.flush();
    sink.write('last');
    const closed = logs.close();
    sink.write('late');
    disk.waiting[0]!(null);
    await closed;
    expect(disk.written).toEqual(['1:first', '1:last']);
    expect(disk.closed).toEqual([1]);
    expect(values['filesystem.write_total_buffered']).toBe(0);
    clock.advance(20_000);
    timers.expire();
    expect(values['filesystem.flushed_by_timer']).toBeUndefined();
  });

  it('have the statistics of Envoy', () => {
    expect(defineStats({ counters: FILESYSTEM_STATS.counters, gauges: FILESYSTEM_STATS.gauges }).slots).toBe(6);
  });
});

describe('an access log on a disk', () => {
  let folder: string;
  let timers: Timers;

  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'access-log-'));
    timers = new Timers(new ManualClock());
  });

  afterEach(() => {
    timers.close();
    rmSync(folder, { recursive: true });
  });

  it('is appended to, byte by byte as the records are', async () => {
    const path = join(folder, 'log');
    for (const record of ['one \xe9\n', 'two\n']) {
      const logs = new AccessLogFiles({ timers, stats: countingStats().stats });
      (logs.open(path) as RecordSink).write(record);
      await logs.close();
    }
    expect(readFileSync(path, 'latin1')).toBe('one \xe9\ntwo\n');
  });

  it('may be moved away', async () => {
    const path = join(folder, 'log');
    const logs = new AccessLogFiles({ timers, stats: countingStats().stats });
    const sink = logs.open(path) as RecordSink;
    renameSync(path, `${path}.1`);
    logs.reopen();
    sink.write('new\n');
    await logs.close();
    expect(readFileSync(`${path}.1`, 'latin1')).toBe('');
    expect(readFileSync(path, 'latin1')).toBe('new\n');
  });

  it.each([
    ['missing/log', 'No such file or directory'],
    ['', 'Is a directory'],
    ['new/', 'Is a directory'],
    ['link-to-nowhere', 'No such file or directory'],
    ['loop', 'Too many levels of symbolic links'],
    ['log/below', 'Not a directory'],
    ['x'.repeat(300), 'File name too long'],
  ])('that cannot be opened is told in the words of Envoy (%s)', (name, reason) => {
    symlinkSync('missing/log', join(folder, 'link-to-nowhere'));
    symlinkSync('loop', join(folder, 'loop'));
    writeFileSync(join(folder, 'log'), '');
    const path = `${folder}/${name}`;
    const logs = new AccessLogFiles({ timers, stats: countingStats().stats });
    const sentence = `unable to open file '${path}': ${reason}`;
    expect(logs.open(path)).toBe(sentence);
    expect(new AccessLogFileProbe().open(path)).toBe(sentence);
  });

  it.each(['new', 'link-to-new'])('is not made to see whether it can be (%s)', (name) => {
    symlinkSync('other', join(folder, 'link-to-new'));
    expect(new AccessLogFileProbe().open(join(folder, name))).not.toBeTypeOf('string');
    expect(readdirSync(folder)).toEqual(['link-to-new']);
  });
});
