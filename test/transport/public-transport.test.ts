import { createPublicTransport } from '../../src/transport/public-transport.ts';
import { describeTransport } from './transport-suite.ts';

describeTransport('the public transport', (timers) => createPublicTransport({ timers }));
