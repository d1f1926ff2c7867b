import { spawnSync } from "node:child_process";
import { expect, test } from "vitest";
import { typedCommand } from "./typed-command.js";

test("a command that phi prints means the same when it is pasted into a shell", () => {
  const words = [
    "request",
    "db-prod",
    "--reason",
    'say "hi"',
    "it's",
    "$HOME `id` \\ !",
    "",
    "a b",
    "*",
    "~",
    "#x",
    "a;b",
    "über",
  ];
  const ran = spawnSync("sh", ["-c", `printf '%s\\n' ${typedCommand(words)}`], { encoding: "utf8" });
  expect(ran.stdout).toBe(`${words.join("\n")}\n`);
  expect(typedCommand(["phi", "request", "db-prod", "--reason", "INC 42"])).toBe(
    'phi request db-prod --reason "INC 42"',
  );
});
