/**
 * Processor time that this process has used, in ms. What a statement costs is measured by it: a busy machine makes everything take
 * longer, and smaller pieces would then only add to the work.
 */
export function cpuTime(): number {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1_000;
}
