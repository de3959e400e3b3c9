import fc from 'fast-check';

/** Properties try the same inputs on every run, so that a run fails for a change and not for its luck; `PROPERTY_SEED=7 npm test` tries others. */
fc.configureGlobal({ seed: Number(process.env['PROPERTY_SEED'] ?? 1) });
