import { expect, it } from 'vitest';
import { ManualClock } from '../../../src/core/clock.ts';
import { CpuUtilization } from '../../../src/server/overload/cpu-utilization.ts';

const SET = '/sys/fs/cgroup/cpuset.cpus.effective';
const STAT = '/sys/fs/cgroup/cpu.stat';

it('is the dampened share of the time in which the machine was busy', () => {
  const files: Record<string, string> = { '/proc/stat': 'cpu  100 10 40 850 999 9 9 9 0 0\ncpu0 1 2 3 4\n' };
  const cpu = new CpuUtilization('host', new ManualClock(), (path) => files[path]);
  expect(cpu.pressure()).toBe(0);
  files['/proc/stat'] = 'cpu  150 10 90 850 0 0 0 0 0 0\n';
  expect(cpu.pressure()).toBeCloseTo(0.05);
  files['/proc/stat'] = 'cpu  150 10 90 950 0 0 0 0 0 0\n';
  expect(cpu.pressure()).toBeCloseTo(0.0475);
  // No time has passed.
  expect(cpu.pressure()).toBeCloseTo(0.0475);
});

it.each([
  ['the processors of the container', { [SET]: '0-1,7\n', '/sys/fs/cgroup/cpu.max': 'max 100000\n' }, 3],
  ['its quota', { [SET]: '0-7\n', '/sys/fs/cgroup/cpu.max': '50000 100000\n' }, 0.5],
  ['its processors where there is no quota', { [SET]: '2\n' }, 1],
])('is measured against %s', (_what, limits: Record<string, string>, cpus) => {
  const clock = new ManualClock();
  const files: Record<string, string> = { ...limits, [STAT]: 'usage_usec 5000000\nuser_usec 1\n' };
  const cpu = new CpuUtilization('container', clock, (path) => files[path]);
  cpu.pressure();
  clock.advance(1000);
  files[STAT] = `usage_usec ${5_000_000 + 500_000 * cpus}\nuser_usec 1\n`;
  expect(cpu.pressure()).toBeCloseTo(0.025);
});

it('reads the files of cgroup v1 where there are no others', () => {
  const clock = new ManualClock();
  const files: Record<string, string> = { '/sys/fs/cgroup/cpu/cpu.shares': '2048\n', '/sys/fs/cgroup/cpuacct/cpuacct.usage': '1000000000\n' };
  const cpu = new CpuUtilization('container', clock, (path) => files[path]);
  cpu.pressure();
  clock.advance(1000);
  files['/sys/fs/cgroup/cpuacct/cpuacct.usage'] = '2000000000\n';
  expect(cpu.pressure()).toBeCloseTo(0.025);
});

it.each<[string, Record<string, string>]>([
  ['no /sys/fs/cgroup/cpu/cpu.shares', {}],
  ['no usage_usec in /sys/fs/cgroup/cpu.stat', { [STAT]: 'user_usec 1\n' }],
  [`no ${SET}`, { [STAT]: 'usage_usec 1\n' }],
])('says "%s"', (message, files) => {
  expect(() => new CpuUtilization('container', new ManualClock(), (path) => files[path]).pressure()).toThrow(message);
});
