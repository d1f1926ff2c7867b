import { execFileSync } from "node:child_process";
import { existsSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { writeAssignments } from "./shell-words.js";

const NASTY = "a'b\"c $(touch /nope) `id` \\ \\' \n new line \t $HOME ! # ; & | < > * ? ~ é 🦊 \u001b";
const FISH = ["/usr/bin/fish", "/usr/local/bin/fish", "/opt/homebrew/bin/fish"].find(existsSync);

describe("assignments for a shell", () => {
  it.each(["sh", "bash", "dash"].filter((shell) => existsSync(`/bin/${shell}`)))(
    "give %s exactly the value, whatever it holds",
    (shell) => {
      const script = `${writeAssignments("sh", { PGPASSWORD: NASTY }, ["PGSERVICE"])}printf %s "$PGPASSWORD"; printf %s "\${PGSERVICE-gone}"`;
      expect(
        execFileSync(`/bin/${shell}`, ["-c", script], {
          encoding: "utf8",
          stdio: ["ignore", "pipe", "inherit"],
          env: { PGSERVICE: "old" },
        }),
      ).toBe(`${NASTY}gone`);
    },
  );

  it.skipIf(FISH === undefined)("give fish exactly the value", () => {
    const script = `${writeAssignments("fish", { PGPASSWORD: NASTY }, ["PGSERVICE"])}printf %s "$PGPASSWORD"; set -q PGSERVICE; and printf stays; true`;
    expect(
      execFileSync(FISH ?? "fish", ["-c", script], {
        encoding: "utf8",
        stdio: ["ignore", "pipe", "inherit"],
        env: { PGSERVICE: "old", PATH: process.env.PATH },
      }),
    ).toBe(NASTY);
  });

  it("never write a name that a shell would read as something else", () => {
    expect(writeAssignments("sh", {}, ["PHI_TOKEN", "PHI_TOKEN;id", "BASH_FUNC_x%%"])).toBe("unset PHI_TOKEN\n");
  });

  it("are one JSON object for programs", () => {
    expect(JSON.parse(writeAssignments("json", { PGUSER: NASTY }, ["PGSERVICE"]))).toEqual({
      environment: { PGUSER: NASTY },
      unset: ["PGSERVICE"],
    });
  });
});
