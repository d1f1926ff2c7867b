import type Provider from "oidc-provider";

/**
 * Loads oidc-provider without its advice. On Node 20 it announces that it wants Node 22, though everything used here
 * works on 20.17 (the tests run there). Only its own two sentences are dropped, and only while it loads.
 */
export async function loadProvider(): Promise<typeof Provider> {
  const { console } = globalThis;
  const { warn } = console;
  console.warn = (...words: unknown[]) => {
    if (!String(words[0]).includes("oidc-provider WARNING: Unsupported runtime")) warn.apply(console, words);
  };
  try {
    return (await import("oidc-provider")).default;
  } finally {
    console.warn = warn;
  }
}
