/**
 * The name of a broker's log: the origin of its checkpoints. A log that was begun anew is another log, because its checkpoints do not extend
 * those before (C2SP tlog-checkpoint); its number is the epoch.
 */
export function logName(brokerTag: string, epoch: number): string {
  return epoch === 1 ? `phi.audit/${brokerTag}` : `phi.audit/${brokerTag}/${epoch}`;
}

/** The epoch in a log's name; 0 when it is not the broker's log at all. */
export function epochOf(brokerTag: string, name: string): number {
  if (name === logName(brokerTag, 1)) return 1;
  const [tag, digits] = [name.slice(0, logName(brokerTag, 1).length + 1), name.slice(logName(brokerTag, 1).length + 1)];
  return tag === `${logName(brokerTag, 1)}/` && /^[2-9]$|^[1-9]\d{1,5}$/.test(digits) ? Number(digits) : 0;
}
