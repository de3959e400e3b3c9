/**
 * Writes tools/api/envoy-api.binpb.gz: the descriptors of Envoy's API at the release named in envoy-version.ts, taken from the Go module
 * that Envoy publishes for it. Needs Go and its module proxy; run it for a new release only, then `npm run api`.
 *
 *     node tools/api/dump/run.ts [output file]
 */
import { execFileSync } from 'node:child_process';
import { copyFileSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { gzipSync } from 'node:zlib';
import { ENVOY_VERSION } from '../envoy-version.ts';

const ENVOY_MODULE = 'github.com/envoyproxy/go-control-plane/envoy';

/**
 * What Envoy links besides its own API, at the versions that its module asks for: all of xDS, OpenTelemetry's export services, gRPC's
 * health service, and the messages of gRPC statuses and raw HTTP bodies.
 */
const OTHER_PACKAGES = [
  'github.com/cncf/xds/go/...',
  'go.opentelemetry.io/proto/otlp/...',
  'google.golang.org/genproto/googleapis/api/httpbody',
  'google.golang.org/genproto/googleapis/rpc/errdetails',
  'google.golang.org/grpc/health/grpc_health_v1',
];
const OTHER_MODULES = ['github.com/cncf/xds/go', 'go.opentelemetry.io/proto/otlp', 'google.golang.org/grpc'];

function dump(outputFile: string): void {
  const folder = mkdtempSync(join(tmpdir(), 'nuncio-api-dump-'));
  const go = (...args: string[]): Buffer =>
    execFileSync('go', args, { cwd: folder, stdio: ['ignore', 'pipe', 'inherit'], maxBuffer: 64 << 20 });
  try {
    copyFileSync(fileURLToPath(new URL('main.go', import.meta.url)), join(folder, 'main.go'));
    go('mod', 'init', 'dump');
    go('get', `${ENVOY_MODULE}@v${ENVOY_VERSION}`);
    for (const module of OTHER_MODULES) {
      const version = go('list', '-m', '-f', '{{.Version}}', module).toString().trim();
      go('get', `${module}@${version}`);
    }
    const packages = go('list', '-e', '-f', '{{if .GoFiles}}{{.ImportPath}}{{end}}', `${ENVOY_MODULE}/...`, ...OTHER_PACKAGES);
    const imports = packages.toString().trim().split('\n').map((name) => `import _ "${name}"\n`);
    writeFileSync(join(folder, 'imports.go'), `package main\n\n${imports.join('')}`);
    go('mod', 'tidy');
    writeFileSync(outputFile, gzipSync(go('run', '.'), { level: 9 }));
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

dump(process.argv[2] ?? fileURLToPath(new URL('../envoy-api.binpb.gz', import.meta.url)));
