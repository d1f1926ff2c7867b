import type { PersonView } from "@phi/shared/contract/fields";
import type { RequestView } from "@phi/shared/contract/request";

/** What `me` may type next about a request, most likely first; `typed` writes a command of phi's. */
export function nextCommands(
  view: RequestView,
  me: Pick<PersonView, "issuer" | "subject">,
  typed: (...words: string[]) => string,
): string[] {
  const isMine = view.requester.issuer === me.issuer && view.requester.subject === me.subject;
  switch (view.state) {
    case "pending":
      if (view.mayDecide) return [typed("approve", view.request), typed("deny", view.request, "--reason", "why not")];
      return isMine
        ? [
            ...(view.offer === undefined ? [] : [typed("accept", view.request)]),
            typed("show", "--wait", view.request),
            typed("withdraw", view.request),
          ]
        : [];
    case "approved":
    case "active":
      if (!isMine)
        return [
          typed("show", view.request),
          ...(view.mayEnd ? [typed("revoke", view.request, "--reason", "why")] : []),
        ];
      return [
        ...(view.mayUse ? [typed("exec", view.resource, "--", "psql")] : []),
        ...(view.mayUse && view.state === "active" ? [typed("extend", view.request, "--for", "15m")] : []),
        ...(view.mayEnd ? [typed("end", view.request)] : []),
      ];
    case "ended":
      return view.mayReview
        ? [
            typed("audit", "--request", view.request),
            typed("review", view.request, "--ok", "--reason", "what you found"),
          ]
        : [];
    case "denied":
    case "withdrawn":
    case "lapsed":
      return [];
    case "extended":
      return view.extends === undefined || !isMine ? [] : [typed("show", view.extends.request)];
  }
}
