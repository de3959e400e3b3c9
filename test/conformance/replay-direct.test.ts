import { describeReplay } from './replay-suite.ts';

describeReplay('direct');
