import { ManualClock, systemClock } from '../../src/core/clock.ts';
import { Timer, Timers } from '../../src/core/timers.ts';
import type { MicroCase } from './runner/micro-case.ts';

const owner = { onTimer: () => undefined };

export const cases: readonly MicroCase[] = [rearm(), armAndDisarm(), rearmAmongMany(), nodeTimeout(), expireAll()];

function rearm(): MicroCase {
  const timer = new Timer(owner);
  const list = new Timers(systemClock).list(15_000);
  return {
    name: 'arm again',
    run: (count) => {
      for (let i = 0; i < count; i++) list.arm(timer);
      return timer;
    },
  };
}

function armAndDisarm(): MicroCase {
  const timer = new Timer(owner);
  const list = new Timers(systemClock).list(15_000);
  return {
    name: 'arm and disarm',
    run: (count) => {
      for (let i = 0; i < count; i++) {
        list.arm(timer);
        timer.disarm();
      }
      return timer;
    },
  };
}

function rearmAmongMany(): MicroCase {
  const timers = Array.from({ length: 1024 }, () => new Timer(owner));
  const list = new Timers(systemClock).list(15_000);
  return {
    name: 'arm again, 1,024 timers in turn',
    run: (count) => {
      for (let i = 0; i < count; i++) list.arm(timers[i & 1023]);
      return timers;
    },
  };
}

/** What the same costs with what Node offers. */
function nodeTimeout(): MicroCase {
  return {
    name: 'setTimeout and clearTimeout',
    run: (count) => {
      for (let i = 0; i < count; i++) clearTimeout(setTimeout(owner.onTimer, 15_000));
      return count;
    },
  };
}

function expireAll(): MicroCase {
  const clock = new ManualClock();
  const timers = new Timers(clock);
  const list = timers.list(1_000);
  const armed = Array.from({ length: 256 }, () => new Timer(owner));
  return {
    name: 'arm, then fire, in groups of 256',
    run: (count) => {
      for (let done = 0; done < count; done += armed.length) {
        for (const timer of armed) list.arm(timer);
        clock.advance(1_001);
        timers.expire();
      }
      return armed;
    },
  };
}
