import type { Measures } from "../ports/measures.js";
import { createHistogram } from "./histogram.js";

/** What is read from the ledger and the lanes when somebody asks. */
export interface Readings {
  /** Seconds since the oldest overdue lease should have been gone; 0 when none is overdue. */
  readonly oldestOverdueSeconds: number;
  /** Leases whose targets still have the end from before an extension. */
  readonly lagging: number;
  readonly leases: Readonly<Record<string, number>>;
  readonly breakers: readonly { readonly resource: string; readonly open: boolean }[];
  /** Whether its copy holds, and how old it is. */
  readonly calendars: readonly {
    readonly calendar: string;
    readonly isGood: boolean;
    readonly ageSeconds: number | undefined;
  }[];
  /** Of each destination of the audit log: seconds since the oldest event it has not had, and events put aside. */
  readonly deliveries: readonly {
    readonly destination: string;
    readonly behindSeconds: number;
    readonly deadLetters: number;
  }[];
}

export interface Metrics extends Measures {
  /** Prometheus text exposition format 0.0.4. */
  render(readings: Readings): string;
}

const LATENESS = [0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300, 3_600];
const COMMIT = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5];

/** Counters since the broker started. `phi_oldest_overdue_seconds` is the one to alert on. */
export function createMetrics(): Metrics {
  const lateness = createHistogram(LATENESS);
  const commits = createHistogram(COMMIT);
  const revocations = { revoked: 0, failed: 0, drop_again: 0 };

  return {
    revocation(outcome, lateMs) {
      revocations[outcome] += 1;
      if (lateMs !== undefined) lateness.observe(lateMs / 1_000);
    },
    committed(tookMs) {
      commits.observe(tookMs / 1_000);
    },
    render({ oldestOverdueSeconds, lagging, leases, breakers, calendars, deliveries }) {
      return [
        ...head(
          "phi_oldest_overdue_seconds",
          "gauge",
          "Since the oldest credential that should be dead is not proven dead.",
        ),
        `phi_oldest_overdue_seconds ${oldestOverdueSeconds}`,
        ...head(
          "phi_lagging_leases",
          "gauge",
          "Leases whose window was extended and whose target still has the old end.",
        ),
        `phi_lagging_leases ${lagging}`,
        ...head("phi_leases", "gauge", "Leases that have not ended, by state."),
        ...Object.entries(leases).map(([state, count]) => `phi_leases{state="${label(state)}"} ${count}`),
        ...head(
          "phi_revocation_lateness_seconds",
          "histogram",
          "From the end of a lease to the proof of its revocation.",
        ),
        ...lateness.lines("phi_revocation_lateness_seconds"),
        ...head("phi_revocations_total", "counter", "Attempts to revoke a lease, by what came of them."),
        ...Object.entries(revocations).map(
          ([outcome, count]) => `phi_revocations_total{outcome="${outcome}"} ${count}`,
        ),
        ...head("phi_store_commit_seconds", "histogram", "Until a change of the ledger is durable, waiting included."),
        ...commits.lines("phi_store_commit_seconds"),
        ...head("phi_breaker_open", "gauge", "1 while a target does not answer and is only probed."),
        ...breakers.map(({ resource, open }) => `phi_breaker_open{resource="${label(resource)}"} ${open ? 1 : 0}`),
        ...head("phi_calendar_good", "gauge", "1 while a calendar's copy holds; with 0 nobody is on call by it."),
        ...calendars.map(
          ({ calendar, isGood }) => `phi_calendar_good{calendar="${label(calendar)}"} ${isGood ? 1 : 0}`,
        ),
        ...head("phi_calendar_age_seconds", "gauge", "Since a calendar was last read from its source."),
        ...calendars.flatMap(({ calendar, ageSeconds }) =>
          ageSeconds === undefined ? [] : [`phi_calendar_age_seconds{calendar="${label(calendar)}"} ${ageSeconds}`],
        ),
        ...head("phi_delivery_behind_seconds", "gauge", "Since the oldest event that the destination has not had."),
        ...deliveries.map(
          ({ destination, behindSeconds }) =>
            `phi_delivery_behind_seconds{destination="${label(destination)}"} ${behindSeconds}`,
        ),
        ...head("phi_delivery_dead_letters", "gauge", "Events that the destination refused and that were put aside."),
        ...deliveries.map(
          ({ destination, deadLetters }) =>
            `phi_delivery_dead_letters{destination="${label(destination)}"} ${deadLetters}`,
        ),
        "",
      ].join("\n");
    },
  };
}

function head(name: string, type: "gauge" | "counter" | "histogram", help: string): string[] {
  return [`# HELP ${name} ${help}`, `# TYPE ${name} ${type}`];
}

function label(value: string): string {
  return value.replaceAll("\\", "\\\\").replaceAll('"', '\\"').replaceAll("\n", "\\n");
}
