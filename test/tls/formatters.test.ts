import { mkdtempSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { startProxy } from '../../src/index.ts';

const MANAGER = 'type.googleapis.com/envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager';
const ROUTER = { name: 'router', typed_config: { '@type': 'type.googleapis.com/envoy.extensions.filters.http.router.v3.Router' } };
const FILE_CONTENT = { name: 'file', typed_config: { '@type': 'type.googleapis.com/envoy.extensions.formatter.file_content.v3.FileContent' } };

const secretFormatter = (name: string) => ({
  name: 'secret',
  typed_config: { '@type': 'type.googleapis.com/envoy.extensions.formatter.generic_secret.v3.GenericSecret', secret_configs: { token: { name } } },
});

/** Answers every request with what the format makes. */
const answering = (format: string, formatter: object, secrets: object[] = []): object => ({
  static_resources: {
    secrets,
    listeners: [
      {
        name: 'in',
        address: { socket_address: { address: '127.0.0.1', port_value: 0 } },
        filter_chains: [
          {
            filters: [
              {
                name: 'manager',
                typed_config: {
                  '@type': MANAGER,
                  stat_prefix: 'in',
                  route_config: { virtual_hosts: [] },
                  local_reply_config: { body_format: { text_format_source: { inline_string: format }, formatters: [formatter] } },
                  http_filters: [ROUTER],
                },
              },
            ],
          },
        ],
      },
    ],
  },
});

async function withDirectory(run: (directory: string) => Promise<void>): Promise<void> {
  const directory = mkdtempSync(join(tmpdir(), 'formatters-'));
  try {
    await run(directory);
  } finally {
    rmSync(directory, { recursive: true });
  }
}

function put(path: string, text: string): void {
  writeFileSync(`${path}.new`, text);
  renameSync(`${path}.new`, path);
}

/** Starts a proxy, and gives what it answers. */
async function serving(config: object, run: (answer: () => Promise<string>) => Promise<void>): Promise<void> {
  const proxy = await startProxy({ config });
  try {
    const { port } = proxy.addresses.get('in')!;
    await run(async () => (await fetch(`http://127.0.0.1:${port}/`)).text());
  } finally {
    await proxy.close();
  }
}

const changed = async (answer: () => Promise<string>, wanted: string): Promise<void> => {
  while ((await answer()) !== wanted) await new Promise((resolve) => setImmediate(resolve));
};

const refusal = async (config: object): Promise<string> => {
  try {
    await (await startProxy({ config })).close();
    return '';
  } catch (error) {
    return (error as Error).message;
  }
};

describe('%FILE_CONTENT%', () => {
  it('is what the file holds, also after it is replaced', () =>
    withDirectory(async (directory) => {
      const path = join(directory, 'text');
      put(path, 'first');
      await serving(answering(`<%FILE_CONTENT(${path})%|%FILE_CONTENT(${path}:${directory}):2%>`, FILE_CONTENT), async (answer) => {
        expect(await answer()).toBe('<first|fi>');
        put(path, 'second');
        await changed(answer, '<second|se>');
      });
    }));

  it('refuses a file that is not there, and paths in another form', async () => {
    expect(await refusal(answering('%FILE_CONTENT(/no/such/file)%', FILE_CONTENT))).toContain('Invalid path: /no/such/file');
    expect(await refusal(answering('%FILE_CONTENT(a:b:c)%', FILE_CONTENT))).toContain("FILE_CONTENT: expected format 'path' or 'path:watch_directory', got 'a:b:c'");
    expect(await refusal(answering('%FILE_CONTENT%', FILE_CONTENT))).toContain("got ''");
  });
});

describe('%SECRET%', () => {
  const secret = (source: object) => ({ name: 'known', generic_secret: { secret: source } });

  it('is the secret of the bootstrap, cut to a length', () =>
    serving(answering('<%SECRET(token)%|%SECRET(token):2%>', secretFormatter('known'), [secret({ inline_string: 's3cret' })]), async (answer) => {
      expect(await answer()).toBe('<s3cret|s3>');
    }));

  it('refuses names that the formatter or the bootstrap does not know', async () => {
    const secrets = [secret({ inline_string: 'x' })];
    expect(await refusal(answering('%SECRET(other)%', secretFormatter('known'), secrets))).toContain("secret 'other' is not configured in secret_configs");
    expect(await refusal(answering('%SECRET(token)%', secretFormatter('unknown'), secrets))).toContain("secret 'unknown' not found in static bootstrap resources");
  });
});
