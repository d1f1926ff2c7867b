import type { Violation } from "./modules.js";
import { linesOf, type SourceFile } from "./source-file.js";

interface Habit {
  readonly pattern: RegExp;
  readonly mayBeIn: (path: string) => boolean;
  readonly message: string;
}

/** Who may open a secret, and what for. A new line here is a decision to be reviewed. */
const MAY_REVEAL: Readonly<Record<string, string>> = {
  "broker/src/config/parse-with-secrets.ts": "a reference in a field that is not secret becomes its text",
  "broker/src/calendars/calendar-source.ts": "reads the calendar at its secret address",
  "broker/src/config/calendar-schema.ts": "the form of a calendar's address is judged",
  "broker/src/config/delivery-fields.ts": "the form of webhooks' secrets and addresses is judged",
  "broker/src/destinations/email.ts": "logs in at the mail server",
  "broker/src/destinations/slack.ts": "posts to the webhook's secret address, or shows the app's token",
  "broker/src/destinations/standard-webhook.ts": "signs the call",
  "broker/src/destinations/teams.ts": "posts to the workflow's secret address",
  "broker/src/providers/postgres/config.ts": "the admin URL is read into its parts",
  "broker/src/providers/postgres/connect.ts": "logs in with the admin password",
  "broker/src/store/open-reader.ts": "shows the database's server its token",
  "broker/src/store/open-server.ts": "shows the database's server its token",
  "broker/src/http/routes/leases.ts": "hands the credential over, once",
  "broker/src/http/routes/sign-ins.ts": "hands the phi token over, once",
  "broker/src/operations/sign-in.ts": "stores the hash of the new token",
  "cli/src/auth/sign-in-store.ts": "writes the token to its 0600 file",
  "cli/src/keyring/system-keyring.ts": "gives the token to the keyring",
  "cli/src/broker-client/hot-client.ts": "the Authorization header",
  "cli/src/broker-client/client.ts": "the Authorization header",
  "cli/src/broker-client/download.ts": "the Authorization header",
  "cli/src/broker-client/event-source.ts": "the Authorization header",
  "cli/src/commands/login.ts": "sends the ID token to the broker, once",
  "shared/src/secret.ts": "defines it",
};

const HABITS: readonly Habit[] = [
  {
    pattern: /\bexport\s+default\b/g,
    mayBeIn: () => false,
    message: "has a default export: a thing has one name everywhere, so that it can be searched for; export it by name",
  },
  {
    pattern: /\bprocess\s*\.\s*(?:exit|reallyExit|abort)\b/g,
    mayBeIn: (path) => /^(?:(?:cli|broker)\/src\/main\.ts$|scripts\/)/.test(path),
    message:
      "ends the process: only main.ts does, after everything was flushed and given back; throw a PhiError instead",
  },
  {
    pattern: /\bprocess\s*\.\s*env\b/g,
    mayBeIn: (path) =>
      /^(?:scripts\/|broker\/src\/(?:config\/|main\.ts$|compose\.ts$)|cli\/src\/(?:terminal\/|auth\/|child\/|main\.ts$))/.test(
        path,
      ),
    message:
      "reads the environment: that is done at the edge, so that the rest can be tested without it; pass the value in",
  },
  {
    pattern: /\.\s*reveal\s*\(/g,
    mayBeIn: (path) => Object.hasOwn(MAY_REVEAL, path),
    message:
      "opens a secret: only listed files do; pass the Secret on, or add this file with its reason to scripts/src/checks/habits.ts",
  },
];

/** Habits that the type checker and the linter cannot see. Tests may read the environment, end processes and open secrets. */
export function checkHabits(files: readonly SourceFile[]): Violation[] {
  const used = new Set(files.filter((file) => linesOf(file, /\.\s*reveal\s*\(/g).length > 0).map(({ path }) => path));
  const stale = Object.keys(MAY_REVEAL).filter(
    (path) => !used.has(path) && files.some((file) => file.path === path) && path !== "shared/src/secret.ts",
  );
  return [
    ...files.flatMap((file) =>
      HABITS.filter((habit, index) => (index === 0 || !file.isTest) && !habit.mayBeIn(file.path)).flatMap(
        ({ pattern, message }) => linesOf(file, pattern).map((line) => ({ path: file.path, line, message })),
      ),
    ),
    ...stale.map((path) => ({
      path,
      message: "opens no secret any more; take it off the list in scripts/src/checks/habits.ts",
    })),
  ];
}
