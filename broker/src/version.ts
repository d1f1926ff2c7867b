/** Version of the broker; equal to its package's, which a test checks. */
export const VERSION = "0.1.0";
