/**
 * Stops phi as TSTP does by default, and comes back when it goes on, or at once where nobody could continue it (an orphaned process
 * group ignores TSTP, POSIX.1-2024 §2.4.3).
 *
 * @param target phi's own id, or 0 for the whole job it belongs to.
 * @param listener what listens to TSTP meanwhile and must not now.
 */
export async function suspendSelf(
  target: number,
  listener: (signal: NodeJS.Signals) => void,
  onSuspend: () => () => void,
): Promise<void> {
  process.off("SIGTSTP", listener);
  const goOn = onSuspend();
  process.kill(target, "SIGTSTP");
  // Stopped here, until the shell continues it.
  await new Promise((resolve) => setTimeout(resolve, 1));
  goOn();
  process.on("SIGTSTP", listener);
}
