/** Milliseconds of CPU that this thread has used: unlike the clock they do not count what others do meanwhile. */
export function threadCpuMs(): number {
  const { user, system } = process.threadCpuUsage();
  return (user + system) / 1000;
}
