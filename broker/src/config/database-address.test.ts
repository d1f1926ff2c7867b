import { describe, expect, it } from "vitest";
import { readDatabaseAddress } from "./database-address.js";

const read = (text: string, allowPlainHttp = false) =>
  readDatabaseAddress({ text, folder: "/etc/phi", allowPlainHttp });

describe("the address of a libSQL server", () => {
  it("is https, under either name, or http on this machine", () => {
    expect(read("https://ledger.example.com")).toEqual({ url: "https://ledger.example.com" });
    expect(read("libsql://ledger.example.com:8443")).toEqual({ url: "https://ledger.example.com:8443" });
    expect(read("http://127.0.0.1:8080")).toEqual({ url: "http://127.0.0.1:8080" });
    expect(read("http://[::1]:8080/")).toEqual({ url: "http://[::1]:8080" });
  });

  it("is http to another machine only when the operator says that the network is private", () => {
    expect(read("http://sqld:8080")).toContain("databasePlainHttp");
    expect(read("http://sqld:8080", true)).toEqual({ url: "http://sqld:8080" });
    expect(read("http://127.0.0.1.example.com")).toContain("must use https");
  });

  it("holds no token, so that none stands in the file or in a log", () => {
    for (const text of [
      "https://user:pw@ledger.example.com",
      "libsql://ledger.example.com?authToken=x",
      "libsql://l.example.com#t",
    ])
      expect(read(text)).toContain("databaseToken");
  });

  it("is whole", () => {
    expect(read("https://")).toBe("must be the whole address of a libSQL server");
    expect(read("libsql://[")).toBe("must be the whole address of a libSQL server");
  });
});
