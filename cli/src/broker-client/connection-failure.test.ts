import { expect, it } from "vitest";
import { connectionFailure } from "./connection-failure.js";

const failed = (code: string, message = code) => Object.assign(new Error(message), { code });

it.each([
  ["ECONNREFUSED", false, /connection refused/],
  ["DEPTH_ZERO_SELF_SIGNED_CERT", true, /not trusted here/],
  ["UNABLE_TO_VERIFY_LEAF_SIGNATURE", true, /not trusted here/],
  ["CERT_NOT_YET_VALID", true, /not valid yet/],
  ["CERT_REVOKED", true, /CERT_REVOKED/],
])("%s is untrusted: %s", (code, isUntrusted, reason) => {
  expect(connectionFailure(failed(code))).toMatchObject({ isUntrusted, reason: expect.stringMatching(reason) });
});

it("is found behind what a library wrapped around it, and a ring of causes ends", () => {
  const wrapped = new Error("outer", { cause: new TypeError("fetch failed", { cause: failed("CERT_HAS_EXPIRED") }) });
  expect(connectionFailure(wrapped).reason).toContain("expired");
  const ring = new Error("round");
  ring.cause = ring;
  expect(connectionFailure(ring).reason).toBe("round");
});

it("names what a certificate is for, without what acts on a terminal", () => {
  const cert = { subjectaltname: "DNS:a\u001b[2J.test" };
  const error = Object.assign(failed("ERR_TLS_CERT_ALTNAME_INVALID"), { cert });
  expect(connectionFailure(error).reason).toContain("(DNS:a[2J.test)");
});
