import { parseArgs } from 'node:util';

export interface Options {
  readonly names: readonly string[];
  readonly rounds: number;
  readonly seconds: number;
  readonly warmUpSeconds: number;
  readonly processes: number;
  readonly peers: readonly string[];
  readonly load: string | undefined;
  readonly json: boolean;
  readonly check: boolean;
  readonly help: boolean;
}

/** Bounds on what a run may ask of a machine. */
const MAX_ROUNDS = 101;
const MAX_SECONDS = 60;
const MAX_PROCESSES = 9;

export const USAGE = `npm run bench -- [scenario…] [options]      all end-to-end scenarios, or the named ones
npm run bench -- micro [file…] [options]    micro benches, all of bench/micro/ or the named ones
npm run bench -- reload [options]           reloads under load: no request may fail
npm run bench -- rotate                     certificates swapped under load: no request may fail
npm run bench -- bad-peers                  what hostile and stalled peers cost, beside Envoy
npm run bench -- list                       what there is and what can run here

  --rounds N       interleaved rounds (7); repetitions of a micro bench
  --seconds S      load of one turn (2)
  --warm-up S      load before the first round (2)
  --processes N    of each proxy, which take turns round by round (3)
  --peers a,b      only these
  --load TOOL      wrk, h2load or autocannon (wrk where installed)
  --json           print JSON instead of Markdown
  --check          exit with 1 when a threshold of bench/thresholds.json is missed
`;

/** Throws an Error with a sentence for the user. */
export function parseOptions(args: readonly string[]): Options {
  const { values, positionals } = parseArgs({
    args: [...args],
    allowPositionals: true,
    options: {
      rounds: { type: 'string', default: '7' },
      seconds: { type: 'string', default: '2' },
      'warm-up': { type: 'string', default: '2' },
      processes: { type: 'string', default: '3' },
      peers: { type: 'string', default: '' },
      load: { type: 'string' },
      json: { type: 'boolean', default: false },
      check: { type: 'boolean', default: false },
      help: { type: 'boolean', default: false },
    },
  });
  return {
    names: positionals,
    rounds: numberBetween('--rounds', values.rounds, 1, MAX_ROUNDS),
    seconds: numberBetween('--seconds', values.seconds, 1, MAX_SECONDS),
    warmUpSeconds: numberBetween('--warm-up', values['warm-up'], 0, MAX_SECONDS),
    processes: numberBetween('--processes', values.processes, 1, MAX_PROCESSES),
    peers: values.peers.split(',').filter((name) => name !== ''),
    load: values.load,
    json: values.json,
    check: values.check,
    help: values.help,
  };
}

function numberBetween(name: string, text: string, least: number, most: number): number {
  const value = Number(text);
  if (!Number.isInteger(value) || value < least || value > most) {
    throw new Error(`${name} must be a whole number from ${least} to ${most}, not "${text}"`);
  }
  return value;
}
