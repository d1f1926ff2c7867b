/**
 * A command line as it goes on record: what looks like a secret is replaced by `[redacted]`. People do type passwords
 * into commands; the audit trail must not become the place where they are kept. It errs on the side of hiding.
 */

/** The contract's limits of a recorded command. */
const MOST_WORDS = 64;
const LONGEST_WORD = 1_000;

/**
 * Most words are short and plain: every rule needs a sign, a blank, a dash in front or the length of a token to match, so
 * for these the rules (dozens of regular expressions, dear to build) are not even loaded.
 */
const PLAIN = /^(?:[A-Za-z0-9_./][\w./-]*)?$/;

/** The words for the record: redacted, and cut to what the contract takes. */
export async function redactCommand(words: readonly string[]): Promise<string[]> {
  const recorded = words.every((word) => word.length < 16 && PLAIN.test(word)) ? [...words] : await redactWords(words);
  const cut = recorded.map((word) => (word.length > LONGEST_WORD ? `${word.slice(0, LONGEST_WORD - 1)}…` : word));
  if (cut.length <= MOST_WORDS) return cut;
  return [...cut.slice(0, MOST_WORDS - 1), `… ${cut.length - MOST_WORDS + 1} more`];
}

async function redactWords(words: readonly string[]): Promise<string[]> {
  const { HIDDEN, redactAccount, redactWord, takesSecret } = await import("./redact-word.js");
  const [program = ""] = words;
  return words.map((word, index) => {
    if (index >= MOST_WORDS) return "";
    const before = index > 1 ? (words[index - 1] ?? "") : "";
    return takesSecret(before, program) ? HIDDEN : redactWord(redactAccount(before, word), program);
  });
}
