import type { Secret } from "@phi/shared/secret";

/**
 * The operating system's place for secrets. Each method rejects when the keyring cannot be used, within a bounded time
 * (a locked keyring may show a prompt that nobody answers).
 */
export interface Keyring {
  /** Whether a secret can be written, read back and removed now. Never rejects. */
  usable(): Promise<boolean>;
  set(account: string, secret: Secret): Promise<void>;
  get(account: string): Promise<Secret | undefined>;
  /** No error when there was none. */
  remove(account: string): Promise<void>;
}
