import { execFileSync } from "node:child_process";
import { expect, test } from "vitest";
import { commandLine } from "./command-line.js";

test.each([
  [["phi", "exec", "--", "psql", "-c", "SELECT 1"], 'phi exec -- psql -c "SELECT 1"'],
  [["phi", "login", "--broker", "http://127.0.0.1:1"], "phi login --broker http://127.0.0.1:1"],
  [["echo", 'a "b" $HOME'], `echo 'a "b" $HOME'`],
])("%j is shown as it would be typed", (words, line) => {
  expect(commandLine(words)).toBe(line);
});

test.each([["it's"], ["$(reboot)"], ["`x`"], ["a\\b"], ["!!"], [""], ["two\nlines"], ["'\"$'"]])(
  "a shell reads %j back as one word",
  (word) => {
    const heard = execFileSync("/bin/sh", ["-c", `printf %s ${commandLine([word])}`], { encoding: "utf8" });
    expect(heard).toBe(word);
  },
);
