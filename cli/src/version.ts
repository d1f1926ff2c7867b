/** Put in by the bundler from package.json; absent when the sources run as they are (tests). */
declare const PHI_VERSION: string | undefined;

/** Version of this CLI, for `phi --version` and for the broker's logs. */
export const VERSION: string = typeof PHI_VERSION === "string" ? PHI_VERSION : "0.0.0-source";
