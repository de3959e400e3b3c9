import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, constants, createReadStream, existsSync, openSync, readdirSync, readFileSync, renameSync, symlinkSync, writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, describe, expect, test } from 'vitest';
import { bootstrap, listener } from './bootstraps.ts';
import { get, Running, until } from './running.ts';

const MAIN = fileURLToPath(new URL('../../src/main.ts', import.meta.url));

/** As many as a pipe holds, or more. */
const PIPE_BYTES = 65_536;

const running = new Running();
afterEach(() => running.end());

interface Process {
  readonly child: ChildProcess;
  readonly stdout: () => string;
  readonly stderr: () => string;
  readonly ended: Promise<number | null>;
}

function nuncio(...args: string[]): Process {
  return runNode(MAIN, ...args);
}

function runNode(...args: string[]): Process {
  const child = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'pipe'] });
  running.onEnd(() => child.kill('SIGKILL'));
  const texts = { stdout: '', stderr: '' };
  for (const name of ['stdout', 'stderr'] as const) child[name]!.setEncoding('utf8').on('data', (text: string) => (texts[name] += text));
  const ended = once(child, 'close').then(([code]) => code as number | null);
  return { child, stdout: () => texts.stdout, stderr: () => texts.stderr, ended };
}

function ingress(body: string, rest: object = {}): object {
  return bootstrap([listener({ name: 'ingress', routes: [{ body }] })], [], rest);
}

function fileLog(path: string, record: string): readonly object[] {
  const file = { '@type': 'type.googleapis.com/envoy.extensions.access_loggers.file.v3.FileAccessLog', path, log_format: { text_format_source: { inline_string: record } } };
  return [{ name: 'file', typed_config: file }];
}

/** Every connection leaves a record. */
function ingressLogging(path: string, record: string): object {
  return bootstrap([{ ...listener({ name: 'ingress', routes: [{ body: 'x' }] }), access_log: fileLog(path, record) }]);
}

interface Serving extends Process {
  /** Of its listener `ingress`. */
  readonly port: number;
  readonly file: ReturnType<Running['configFile']>;
}

async function serving(config: object, ...args: string[]): Promise<Serving> {
  return await servingWith([], config, '--concurrency', '1', ...args);
}

/** The flags of Node that have it run a program before it runs its own. */
function imported(program: string): readonly string[] {
  return ['--import', `data:text/javascript,${encodeURIComponent(program)}`];
}

/** `flags` are those of Node. */
async function servingWith(flags: readonly string[], config: object, ...args: string[]): Promise<Serving> {
  const file = running.configFile(config);
  const started = runNode(...flags, MAIN, '-c', file.path, ...args);
  const port = await until(
    () => Number(/listener 'ingress' on 127\.0\.0\.1:(\d+)/.exec(started.stderr())?.[1] ?? 0),
    (found) => found > 0 || started.child.exitCode !== null,
  );
  return { ...started, port, file };
}

const BAD = `static_resources:
  listeners:
  - name: a
    address: { socket_address: { address: 127.0.0.1, port_value: 0 } }
    filter_chain: []
    per_connection_buffer_limit_bytes: much
  clusters:
  - name: ""
    connect_timeout: -1s
    lb_policy: NOBODY
`;

describe('--mode validate', () => {
  test('makes no file and binds no address', async () => {
    const folder = running.folder();
    const path = (name: string): string => join(folder, name);
    const admin = { access_log: fileLog(path('admin.log'), ''), address: { pipe: { path: path('admin.socket') } } };
    const logs = { ...ingressLogging(path('access.log'), ''), admin };
    const taken = bootstrap([listener({ name: 'ingress', port: await running.origin('taken'), routes: [{ body: 'x' }] })]);
    const nowhere = ingressLogging(path('nowhere/access.log'), '');
    const processes = [logs, taken, nowhere].map((config) => nuncio('--mode', 'validate', '-c', running.configFile(config).path));
    expect(await Promise.all(processes.map(({ ended }) => ended))).toEqual([0, 0, 1]);
    expect(processes[2]!.stderr()).toContain(`unable to open file '${path('nowhere/access.log')}': No such file or directory`);
    expect(readdirSync(folder)).toEqual([]);
  });

  test("says that a good configuration is good, in Envoy's words", async () => {
    const { path } = running.configFile(ingress('x'));
    const { stdout, ended } = nuncio('--mode', 'validate', '-c', path);
    expect(await ended).toBe(0);
    expect(stdout()).toBe(`configuration '${path}' OK\n`);
  });

  test('tells every problem with its position and fails', async () => {
    const path = join(running.folder(), 'bad.yaml');
    writeFileSync(path, BAD);
    const { stdout, stderr, ended } = nuncio('--mode', 'validate', '-c', path);
    expect(await ended).toBe(1);
    expect(stdout()).toBe('');
    expect(stderr()).toContain(`error initializing configuration '${path}': `);
    const places = [...stderr().matchAll(/bad\.yaml:(\d+):\d+: (\S+): /g)].map(([, line, field]) => `${line} ${field}`);
    // In the order of the file; that the listener has no filter chain follows from the misspelt field and is not told.
    expect(places).toEqual([
      '5 static_resources.listeners[0].filter_chain',
      '6 static_resources.listeners[0].per_connection_buffer_limit_bytes',
      '8 static_resources.clusters[0].name',
      '9 static_resources.clusters[0].connect_timeout',
      '10 static_resources.clusters[0].lb_policy',
    ]);
  });

  test('tells them beside a log that goes elsewhere', async () => {
    const path = join(running.folder(), 'bad.yaml');
    writeFileSync(path, 'nothing: 1\n');
    const silent = nuncio('--mode', 'validate', '-c', path, '-l', 'off');
    const log = join(running.folder(), 'log');
    const logged = nuncio('-c', path, '--log-path', log);
    expect([await silent.ended, await logged.ended]).toEqual([1, 1]);
    const sentence = `error initializing configuration '${path}': ${path}:1:1: nothing: no such field in envoy.config.bootstrap.v3.Bootstrap`;
    for (const text of [silent.stderr(), logged.stderr(), readFileSync(log, 'utf8')]) expect(text).toContain(sentence);
  });

  test('names extensions that cannot be taken out because nobody knows them', async () => {
    const { path } = running.configFile(ingress('x'));
    const validate = nuncio('--mode', 'validate', '-c', path, '--disable-extensions', 'envoy.filters.http/envoy.filters.http.cors,envoy.filters.http/nobody');
    expect(await validate.ended).toBe(0);
    expect(validate.stderr().match(/\[warning\].*/g)).toEqual(["[warning][misc] failed to disable unknown extension 'envoy.filters.http/nobody'"]);
  });

  test('opens no log file', async () => {
    const path = join(running.folder(), 'good.yaml');
    writeFileSync(path, 'static_resources: {}\n');
    const { stdout, ended } = nuncio('--mode', 'validate', '-c', path, '--log-path', join(running.folder(), 'nowhere', 'log'));
    expect(await ended).toBe(0);
    expect(stdout()).toBe(`configuration '${path}' OK\n`);
  });

  test('fails without a configuration', async () => {
    const { stderr, ended } = nuncio('--mode', 'validate');
    expect(await ended).toBe(1);
    expect(stderr()).toContain('At least one of --config-path or --config-yaml or Options::configProto() should be non-empty');
  });
});

test('a log that cannot be opened fails the start', async () => {
  const { stderr, ended } = nuncio('-c', running.configFile(ingress('x')).path, '--log-path', '/nowhere/at/all');
  expect(await ended).toBe(1);
  expect(stderr()).toBe("Failed to open log-file '/nowhere/at/all'.\n");
});

test('a text that nobody reads is no fault', async () => {
  const child = spawn(process.execPath, [MAIN, '--help'], { stdio: ['ignore', 'pipe', 'pipe'] });
  child.stdout.destroy();
  let complaint = '';
  child.stderr.setEncoding('utf8').on('data', (text: string) => (complaint += text));
  expect([await once(child, 'close'), complaint]).toEqual([[0, null], '']);
});

test('a mistake on the command line is told and fails', async () => {
  const { stderr, ended } = nuncio('--nope');
  expect(await ended).toBe(1);
  expect(stderr()).toContain("PARSE ERROR: Argument: --nope\n             Couldn't find match for argument\n");
});

test('init_only ends after the configuration has been taken', async () => {
  const { ended } = nuncio('--mode', 'init_only', '-c', running.configFile(ingress('x')).path);
  expect(await ended).toBe(0);
});

test('a listener that cannot be bound fails the start', async () => {
  const taken = await running.origin('taken');
  const config = bootstrap([listener({ name: 'ingress', port: taken, routes: [{ body: 'x' }] })]);
  const { stderr, ended } = nuncio('-c', running.configFile(config).path, '--concurrency', '2');
  expect(await ended).toBe(1);
  expect(stderr()).toContain(`error adding listener 'ingress': cannot bind '127.0.0.1:${taken}'`);
});

describe('a serving process', () => {
  test.each(['SIGTERM', 'SIGINT'] as const)('ends at once on %s, with open connections', async (signal) => {
    const { child, port, ended } = await serving(ingress('x'));
    const socket = connect(port, '127.0.0.1');
    socket.on('error', () => {});
    await once(socket, 'connect');
    child.kill(signal);
    expect(await ended).toBe(0);
  });

  test('ends on a second signal when it waits for an access log that nobody reads', async () => {
    const fifo = join(running.folder(), 'access.log');
    execFileSync('mkfifo', [fifo]);
    const reader = openSync(fifo, constants.O_RDONLY | constants.O_NONBLOCK);
    running.onEnd(() => closeSync(reader));
    const { child, port, ended, stderr } = await serving(ingressLogging(fifo, 'x'.repeat(PIPE_BYTES)));
    for (let record = 0; record < 2; record++) await get(port);
    child.kill('SIGTERM');
    await until(stderr, (text) => text.includes('exiting'));
    child.kill('SIGTERM');
    expect(await ended).toBe(null);
    expect(child.signalCode).toBe('SIGTERM');
  });

  test('starts before anybody reads a named pipe that is its access log, and loads again without ending what reads it', async () => {
    const fifo = join(running.folder(), 'access.log');
    execFileSync('mkfifo', [fifo]);
    const { child, port, file, stderr } = await serving(ingressLogging(fifo, 'record '), '--file-flush-interval-msec', '10');
    const reader = createReadStream(fifo, 'latin1');
    running.onEnd(() => reader.destroy());
    let records = '';
    reader.on('data', (text) => (records += text));
    let ended = false;
    reader.on('end', () => (ended = true));
    const reads = async (expected: string): Promise<void> => {
      await get(port);
      await until(
        () => records,
        (text) => text === expected,
      );
    };
    await reads('record ');
    file.write(ingressLogging(fifo, 'other '));
    child.kill('SIGHUP');
    await until(stderr, (text) => text.includes('configuration reloaded'));
    await reads('record other ');
    expect(ended).toBe(false);
  });

  test('serves when it cannot write where its addresses and its id are wanted', async () => {
    const admin = { admin: { address: { socket_address: { address: '127.0.0.1', port_value: 0 } } } };
    const { port, stderr } = await serving(ingress('x', admin), '--base-id-path', '/nowhere/id', '--admin-address-path', '/nowhere/address');
    expect((await get(port)).body).toBe('x');
    expect(stderr()).toContain('[critical][main] cannot open base id output file /nowhere/id for writing.');
    expect(stderr()).toContain('[critical][admin] cannot open admin address output file /nowhere/address for writing.');
  });

  test.each([1, 2])('writes what it has recorded when something is thrown that nobody catches, and fails (%d workers)', async (concurrency) => {
    const log = join(running.folder(), 'access.log');
    const throwing = "process.on('SIGUSR2', () => { throw new Error('thrown by a test'); });";
    const { child, port, ended, stderr } = await servingWith(imported(throwing), ingressLogging(log, 'record\n'), '--concurrency', String(concurrency));
    const RECORDS = 20;
    for (let asked = 0; asked < RECORDS; asked++) await get(port);
    // All but the first of each worker wait.
    expect(readFileSync(log, 'utf8').length).toBeLessThanOrEqual('record\n'.length * concurrency);
    child.kill('SIGUSR2');
    expect(await ended).toBe(1);
    expect(stderr()).toContain('[critical][main] uncaught: Error: thrown by a test\n    at ');
    expect(readFileSync(log, 'utf8')).toBe('record\n'.repeat(RECORDS));
  });

  test('tells of a rejection that nobody catches also beside a log that goes elsewhere', async () => {
    const log = join(running.folder(), 'log');
    const rejecting = "process.on('SIGUSR2', () => void Promise.reject(new Error('thrown by a test')));";
    const { child, ended, stderr } = runNode(...imported(rejecting), MAIN, '-c', running.configFile(ingress('x')).path, '--concurrency', '1', '--log-path', log);
    const logged = (): string => (existsSync(log) ? readFileSync(log, 'utf8') : '');
    await until(logged, (text) => text.includes('listeners serve'));
    child.kill('SIGUSR2');
    expect(await ended).toBe(1);
    for (const text of [stderr(), logged()]) expect(text).toContain('uncaught: Error: thrown by a test');
  });

  test('reloads on SIGHUP and keeps what it has when the file is bad', async () => {
    const { child, port, file, stderr } = await serving(ingress('first'));
    file.write(ingress('second'));
    child.kill('SIGHUP');
    await until(
      () => get(port),
      ({ body }) => body === 'second',
    );
    expect(stderr()).toContain('configuration reloaded: listeners: 0 added, 1 updated, 0 removed; clusters: 0 added, 0 updated, 0 removed');
    file.write({ nobody: 1 });
    child.kill('SIGHUP');
    await until(stderr, (text) => text.includes('the configuration is not reloaded: '));
    expect((await get(port)).body).toBe('second');
  });

  test.each(['SIGHUP', 'SIGUSR1'])('takes no harm from %s while it loads', async (signal) => {
    const hooks = `import { registerHooks } from 'node:module';
      registerHooks({ load(url, context, next) { if (url.endsWith('/src/server/options.ts')) process.kill(process.pid, '${signal}'); return next(url, context); } });`;
    const child = spawn(process.execPath, [...imported(hooks), MAIN, '--help'], { stdio: ['ignore', 'ignore', 'pipe'] });
    running.onEnd(() => child.kill('SIGKILL'));
    let complaint = '';
    child.stderr.setEncoding('utf8').on('data', (text: string) => (complaint += text));
    expect([await once(child, 'close'), complaint]).toEqual([[0, null], '']);
  });

  test('reloads by itself with --watch, also when a symbolic link is swapped', async () => {
    const folder = running.folder();
    for (const version of ['1', '2']) writeFileSync(join(folder, `${version}.json`), JSON.stringify(ingress(version)));
    symlinkSync('1.json', join(folder, 'envoy.json'));
    const started = nuncio('-c', join(folder, 'envoy.json'), '--concurrency', '1', '--watch');
    const port = await until(
      () => Number(/listener 'ingress' on 127\.0\.0\.1:(\d+)/.exec(started.stderr())?.[1] ?? 0),
      (found) => found > 0,
    );
    symlinkSync('2.json', join(folder, 'next'));
    renameSync(join(folder, 'next'), join(folder, 'envoy.json'));
    await until(
      () => get(port),
      ({ body }) => body === '2',
    );
  });

  test('writes its log to a new file after SIGUSR1', async () => {
    const folder = running.folder();
    const path = join(folder, 'log');
    const file = running.configFile(ingress('x', { application_log_config: { log_format: { json_format: { level: '%l', text: '%j' } } } }));
    const { child } = nuncio('-c', file.path, '--concurrency', '1', '--log-path', path);
    await until(
      () => existsSync(path) && readFileSync(path, 'utf8').includes('listeners serve'),
      (found) => found,
    );
    renameSync(path, `${path}.1`);
    child.kill('SIGUSR1');
    await until(
      () => existsSync(path),
      (found) => found,
    );
    child.kill('SIGHUP');
    const text = await until(
      () => readFileSync(path, 'utf8'),
      (found) => found.includes('configuration reloaded'),
    );
    expect(text.trimEnd().split('\n').map((line) => (JSON.parse(line) as { level: string }).level)).toEqual(['info', 'info']);
  });

  test('drains on SIGTERM when asked to: answers become the last of their connection, then it ends', async () => {
    const { child, port, ended, stderr } = await serving(ingress('x'), '--drain-on-sigterm', '60');
    const agent = running.agent(1);
    expect((await get(port, '/', agent)).headers['connection']).not.toBe('close');
    const busy = connect(port, '127.0.0.1');
    await once(busy, 'connect');
    busy.write('GET / HTTP/1.1\r\n');
    await until(
      () => get(port, '/'),
      () => true,
    );
    child.kill('SIGTERM');
    await until(stderr, (text) => text.includes('draining for at most 60 s'));
    let answer = '';
    busy.setEncoding('utf8').on('data', (text: string) => (answer += text));
    busy.write('Host: a\r\n\r\n');
    await once(busy, 'close');
    expect(answer).toMatch(/^HTTP\/1\.1 200 OK\r\n[^]*connection: close\r\n/);
    expect(await ended).toBe(0);
  });
});

test('a proxy in a program leaves nothing behind when it is closed', async () => {
  const index = new URL('../../src/index.ts', import.meta.url).href;
  const config = JSON.stringify(ingress('x', { admin: { address: { socket_address: { address: '127.0.0.1', port_value: 0 } } } }));
  const program = `
    import { startProxy } from ${JSON.stringify(index)};
    for (const concurrency of [1, 2]) {
      const proxy = await startProxy({ config: ${JSON.stringify(config)}, concurrency });
      const answer = await fetch('http://127.0.0.1:' + proxy.addresses.get('ingress').port);
      console.log(await answer.text());
      await proxy.close();
      await proxy.close();
    }
  `;
  const child = spawn(process.execPath, ['--input-type=module', '-e', program], { stdio: ['ignore', 'pipe', 'inherit'] });
  running.onEnd(() => child.kill('SIGKILL'));
  let text = '';
  child.stdout.setEncoding('utf8').on('data', (chunk: string) => (text += chunk));
  // It ends by itself only when nothing keeps it.
  const [code] = (await once(child, 'close')) as [number];
  expect([code, text]).toEqual([0, 'x\nx\n']);
});
