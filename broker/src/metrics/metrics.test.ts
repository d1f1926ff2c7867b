import { expect, it } from "vitest";
import { createMetrics } from "./metrics.js";

it("renders text that Prometheus reads: every sample under its type, buckets cumulative, labels quoted", () => {
  const metrics = createMetrics();
  metrics.revocation("revoked", 30);
  metrics.revocation("revoked", 7_200_000);
  metrics.revocation("failed");
  metrics.committed(2);
  const text = metrics.render({
    oldestOverdueSeconds: 12.5,
    lagging: 2,
    leases: { active: 3, revoking: 1 },
    breakers: [{ resource: 'a"b', open: true }],
    calendars: [{ calendar: "primary", isGood: false, ageSeconds: 90 }],
    deliveries: [{ destination: "siem", behindSeconds: 61.5, deadLetters: 2 }],
  });
  expect(text).toContain("phi_oldest_overdue_seconds 12.5\n");
  expect(text).toContain('phi_leases{state="active"} 3\n');
  expect(text).toContain('phi_revocation_lateness_seconds_bucket{le="0.025"} 0\n');
  expect(text).toContain('phi_revocation_lateness_seconds_bucket{le="0.05"} 1\n');
  expect(text).toContain('phi_revocation_lateness_seconds_bucket{le="3600"} 1\n');
  expect(text).toContain('phi_revocation_lateness_seconds_bucket{le="+Inf"} 2\n');
  expect(text).toContain("phi_revocation_lateness_seconds_count 2\n");
  expect(text).toContain('phi_revocations_total{outcome="failed"} 1\n');
  expect(text).toContain("phi_store_commit_seconds_count 1\n");
  expect(text).toContain('phi_breaker_open{resource="a\\"b"} 1\n');
  expect(text).toContain('phi_delivery_behind_seconds{destination="siem"} 61.5\n');
  expect(text).toContain('phi_delivery_dead_letters{destination="siem"} 2\n');
  for (const line of text.trimEnd().split("\n")) {
    expect(line).toMatch(/^(?:# (?:HELP|TYPE) [a-z_]+ .+|[a-z_]+(?:\{[a-z]+="(?:[^"\\]|\\.)*"\})? [0-9.e+-]+)$/);
  }
});
