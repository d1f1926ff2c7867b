import { createHash } from "node:crypto";
import type { Person } from "./people.js";

/** The pages a person sees at the verification URL. Everything that is not a constant goes through {@link safe}. */

const STYLE = `
:root { color-scheme: light dark; --line: #8884; --soft: #8881; }
body { font: 17px/1.5 system-ui, sans-serif; max-width: 27rem; margin: 12vh auto; padding: 0 1.25rem; }
h1 { font-size: 1.35rem; margin: 0 0 .75rem; }
p { margin: .75rem 0; }
small, .note { color: GrayText; font-size: .82rem; }
.note { border: 1px solid var(--line); border-radius: .5rem; padding: .5rem .75rem; margin-bottom: 2rem; }
.code { font: 600 2.1rem/1 ui-monospace, monospace; letter-spacing: .12em; padding: 1rem; text-align: center;
  background: var(--soft); border-radius: .5rem; }
input { font: 600 1.6rem/1 ui-monospace, monospace; letter-spacing: .12em; text-transform: uppercase; text-align: center;
  width: 100%; box-sizing: border-box; padding: .8rem; border: 1px solid var(--line); border-radius: .5rem; }
button { font: inherit; text-align: left; width: 100%; padding: .6rem .9rem; margin: .25rem 0; cursor: pointer;
  border: 1px solid var(--line); border-radius: .5rem; background: var(--soft); }
button:hover, button:focus-visible { border-color: Highlight; outline: none; }
button.plain { text-align: center; background: none; margin-top: 1rem; }
`;

/** Nothing but this page's own style may load, run or frame it. */
export const pageHeaders: Readonly<Record<string, string>> = {
  "content-type": "text/html; charset=utf-8",
  "content-security-policy":
    `default-src 'none'; style-src 'sha256-${createHash("sha256").update(STYLE).digest("base64")}'; ` +
    "form-action 'self'; frame-ancestors 'none'; base-uri 'none'",
  "x-content-type-options": "nosniff",
  "referrer-policy": "no-referrer",
  "cache-control": "no-store",
};

/** Asks for the code. `trouble` is a sentence about the one given before. */
export function codePage(trouble?: string): string {
  return page(
    "Sign in to phi",
    `${trouble === undefined ? "" : `<p role="alert"><strong>${safe(trouble)}</strong></p>`}
<p>Type the code that your terminal shows.</p>
<form method="get" action="/device">
<input name="user_code" aria-label="Code" placeholder="XXXX-XXXX" maxlength="16" autocomplete="off" autofocus required>
<button class="plain">Continue</button>
</form>`,
  );
}

/** Shows the code to compare, and asks who it is. `address` and `agent` are what the asking device said of itself. */
export function choicePage(
  userCode: string,
  people: readonly Person[],
  device: { address: string; agent: string },
): string {
  const buttons = people.map(
    (person) =>
      `<button name="login" value="${safe(person.login)}">${safe(person.name)} <small>${safe(person.login)} · ${safe(person.groups.join(", "))}</small></button>`,
  );
  return page(
    "Is this your terminal?",
    `<p>Go on only if your own terminal shows exactly this code. If somebody sent you a link with it, deny.</p>
<div class="code">${safe(userCode)}</div>
<p><small>Asked for by ${safe(device.agent || "a program that does not say its name")} from ${safe(device.address)}</small></p>
<form method="post" action="/device">
<input type="hidden" name="user_code" value="${safe(userCode)}">
<p>Yes, and I am</p>
${buttons.join("\n")}
<button class="plain" name="deny" value="yes">Deny</button>
</form>`,
  );
}

export function donePage(answer: { readonly approvedAs: Person } | "denied"): string {
  return answer === "denied"
    ? page("Denied", "<p>The terminal is told no. You can close this page.</p>")
    : page(
        "Signed in",
        `<p>Your terminal goes on as <strong>${safe(answer.approvedAs.name)}</strong>. You can close this page.</p>`,
      );
}

function page(title: string, body: string): string {
  return `<!doctype html>
<html lang="en">
<head><meta charset="utf-8"><meta name="viewport" content="width=device-width"><title>${safe(title)}</title><style>${STYLE}</style></head>
<body>
<div class="note">Development issuer: no passwords, anybody can be anybody. Never for production.</div>
<h1>${safe(title)}</h1>
${body}
</body>
</html>
`;
}

function safe(text: string): string {
  return text.replaceAll(/[&<>"']/g, (character) => `&#${character.charCodeAt(0)};`);
}
