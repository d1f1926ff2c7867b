import type { AuditEvent } from "@phi/shared/contract/audit-event";
import type { Notice } from "../domain/notice.js";
import type { HandoverFailure } from "./destination.js";

/** A way to tell people. */
export interface Channel {
  readonly name: string;
  readonly kind: string;
  /** It reaches persons by their addresses; the others have one place where everybody reads. */
  readonly isPersonal: boolean;
  /**
   * @param event what the notice is about; absent for a try-out
   * @param addresses e-mail addresses, for a personal channel
   * @returns why it was not taken; never rejects for what the other side does
   */
  send(
    message: { readonly notice: Notice; readonly event: AuditEvent | undefined; readonly addresses: readonly string[] },
    signal: AbortSignal,
  ): Promise<HandoverFailure | undefined>;
  close(): Promise<void>;
}
