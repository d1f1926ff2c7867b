import { describe, expect, it } from "vitest";
import { peekArgv } from "./argv.js";

describe("the peek at the command line", () => {
  it("finds global flags before and after the command word, and leaves the command after -- alone", () => {
    const peek = peekArgv(
      [
        "--profile",
        "ops",
        "exec",
        "db-prod",
        "--broker=https://phi.example.com",
        "--quiet",
        "--",
        "psql",
        "--json",
        "-h",
      ],
      {},
    );
    expect(peek.word).toBe("exec");
    expect(peek.args).toEqual(["db-prod"]);
    expect(peek.tail).toEqual(["psql", "--json", "-h"]);
    expect(peek.globals).toEqual({
      profile: "ops",
      broker: "https://phi.example.com",
      json: false,
      noInput: false,
      noColor: false,
      quiet: true,
    });
    expect(peek.help).toBe(false);
  });

  it("lets a flag beat its variable, and counts an empty variable as not set", () => {
    const env = { PHI_PROFILE: "a", PHI_BROKER: "", PHI_NO_INPUT: "1", NO_COLOR: "" };
    expect(peekArgv(["whoami"], env).globals).toMatchObject({
      profile: "a",
      broker: undefined,
      noInput: true,
      noColor: false,
    });
    expect(peekArgv(["whoami", "--profile", "b"], env).globals.profile).toBe("b");
    expect(peekArgv(["whoami"], { TERM: "dumb" }).globals.noColor).toBe(true);
  });

  it("reads --version only before the command word, and --help anywhere before --", () => {
    expect(peekArgv(["--version"], {})).toMatchObject({ version: true, word: undefined });
    expect(peekArgv(["exec", "--version"], {})).toMatchObject({ version: false, args: ["--version"] });
    expect(peekArgv(["exec", "--help"], {}).help).toBe(true);
  });

  it("leaves a flag without its value to be judged, also odd names", () => {
    expect(peekArgv(["exec", "--profile"], {}).args).toEqual(["--profile"]);
    expect(peekArgv(["exec", "constructor", "__proto__"], {}).args).toEqual(["constructor", "__proto__"]);
  });

  it("tells no command after -- from no --", () => {
    expect(peekArgv(["exec", "--"], {}).tail).toEqual([]);
    expect(peekArgv(["exec"], {}).tail).toBeUndefined();
  });
});
