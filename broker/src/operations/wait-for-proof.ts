/** How long a person waits for the proof of a revocation, in ms: below every CLI's patience. After it the loop goes on without them. */
const WAIT_FOR_PROOF = 5_000;

/** What came of the work, or `undefined` when it takes too long; the work itself goes on. */
export async function waitForProof<Result>(work: Promise<Result>): Promise<Result | undefined> {
  let timer: NodeJS.Timeout | undefined;
  const tooLong = new Promise<undefined>((resolve) => {
    timer = setTimeout(() => resolve(undefined), WAIT_FOR_PROOF).unref();
  });
  try {
    return await Promise.race([work, tooLong]);
  } finally {
    clearTimeout(timer);
  }
}
