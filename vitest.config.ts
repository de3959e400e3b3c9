import { defineConfig } from 'vitest/config';

/** Tests wait for events, not for time: a limit only ends what hangs, and a busy machine must not reach it. */
export default defineConfig({ test: { testTimeout: 30_000, hookTimeout: 60_000, expect: { poll: { timeout: 20_000 } }, setupFiles: ['test/support/property-seed.ts'] } });
