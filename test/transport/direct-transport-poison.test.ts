import { createDirectTransport } from '../../src/transport/direct-transport.ts';
import { describeTransport } from './transport-suite.ts';

describeTransport('the direct transport with poison', (timers) => createDirectTransport({ timers, poison: true })!);
