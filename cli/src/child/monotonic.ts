/**
 * Milliseconds of a clock that only goes forward; its zero means nothing. Not `performance.now()`: Node loads its
 * performance module at the first use, which takes longer than a turn of the event loop on the way to the command.
 */
export function monotonicMs(): number {
  const [seconds, nanoseconds] = process.hrtime();
  return seconds * 1_000 + nanoseconds / 1_000_000;
}
