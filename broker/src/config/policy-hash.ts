import { createHash } from "node:crypto";
import { canonicalJson } from "@phi/shared/audit/canonical-json";
import type { PolicyRule } from "../domain/policy/rule.js";

/** SHA-256 (hex) of the parsed rules as canonical JSON: neither comments nor the order of fields change it; the order of rules does. */
export function policyHash(rules: readonly PolicyRule[]): string {
  return createHash("sha256").update(canonicalJson(rules)).digest("hex");
}
