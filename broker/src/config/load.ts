import { createHash } from "node:crypto";
import { dirname, resolve } from "node:path";
import { PhiError } from "@phi/shared/errors";
import type { Resource } from "../domain/resource.js";
import { adminSocketPath } from "./admin-socket.js";
import type { Config, DatabaseAddress } from "./config.js";
import { readDatabaseAddress } from "./database-address.js";
import { placed, sharedNames } from "./delivery-schema.js";
import { explainIssue } from "./explain-issue.js";
import { isLoopback } from "./fields.js";
import { policiesTogether, roleNames } from "./load-policy.js";
import { logKeyFile } from "./log-key-file.js";
import { unknownChannels } from "./notify-schema.js";
import { parseWithSecrets, samePath } from "./parse-with-secrets.js";
import { policyHash } from "./policy-hash.js";
import { policyRule } from "./policy-rules.js";
import { configInvalid, type Path, type Problem, problemInWords } from "./problems.js";
import { calendarOrders, unknownCalendars } from "./read-calendars.js";
import { readTextFile, type TextFile } from "./read-file.js";
import { isMapping, readResource } from "./read-resources.js";
import { resolveReferences } from "./references.js";
import { type FileContent, fileSchema, type KindSchemas } from "./schema.js";
import { parseYaml } from "./yaml-file.js";

export interface LoadOptions {
  /** What `${env:NAME}` refers to. */
  readonly env: Readonly<Record<string, string | undefined>>;
  /** The kinds of resource this broker has providers for. */
  readonly kinds: KindSchemas;
  /** Reads a file of at most `limit` bytes; the real one by default. */
  readonly readFile?: (path: string, limit: number) => Promise<TextFile>;
}

const LARGEST_FILE = 1_048_576;
const LARGEST_SECRET = 65_536;

/**
 * Reads, resolves and checks the whole configuration file. Rejects with `config_invalid` that lists every mistake with
 * its line and column; the answer needs no further checks.
 */
export async function loadConfig(file: string, { env, kinds, readFile = readTextFile }: LoadOptions): Promise<Config> {
  const folder = dirname(resolve(file));
  const { text } = await readFile(file, LARGEST_FILE).catch((error: unknown) => {
    const reason = error instanceof Error ? error.message : "unknown cause";
    throw new PhiError("config_invalid", `The configuration ${file} cannot be read: ${reason}.`, {
      hint: "Name the file with --config FILE.",
      cause: error,
    });
  });

  const yaml = parseYaml(text);
  if ("problems" in yaml) throw configInvalid(file, yaml.problems);

  const references = await resolveReferences(yaml.file.content, {
    env,
    readFile: (path) => readFile(resolve(folder, path), LARGEST_SECRET),
  });
  const { content } = references;
  const problems: Problem[] = [];
  const bareSecrets: Path[] = [];

  const whole = parseWithSecrets(fileSchema, content);
  problems.push(...whole.issues.flatMap((issue) => explainIssue(issue, { schema: fileSchema, content, prefix: [] })));

  const fields: Readonly<Record<string, unknown>> = isMapping(content) ? content : {};
  const resources = new Map<string, Resource>();
  for (const [name, entry] of Object.entries(isMapping(fields.resources) ? fields.resources : {})) {
    const read = readResource(name, entry, kinds);
    problems.push(...read.problems);
    bareSecrets.push(...read.bareSecrets);
    if (read.resource !== undefined) resources.set(name, read.resource);
  }

  problems.push(...policiesTogether(fields.policies, roleNames(fields.resources)));
  problems.push(...unknownCalendars(fields.policies, fields.calendars));

  if (whole.output !== undefined) problems.push(...unknownChannels(whole.output.notify));
  problems.push(...sharedNames(whole.output?.audit.deliver ?? [], ["audit", "deliver"]));

  const database = whole.output && readDatabase(whole.output, folder);
  if (typeof database === "string") problems.push({ path: ["database"], message: database });
  if (typeof database === "object" && database.path !== undefined && database.token !== undefined)
    problems.push({ path: ["databaseToken"], message: "is for a libSQL server; a file needs none" });

  // A reference that leads nowhere has been reported; what the schema says of the gap adds nothing.
  const unresolved = references.problems.map((problem) => problem.path);
  const all = [
    ...references.problems,
    ...problems.filter((problem) => !unresolved.some((path) => samePath(path, problem.path))),
  ];
  if (all.length > 0 || whole.output === undefined || database === undefined || typeof database === "string") {
    throw configInvalid(
      file,
      all.map((problem) => yaml.file.place(problem)),
    );
  }

  const warnings = [
    ...references.warnings,
    ...bareSecrets.map((path) => ({
      path,
      message: `is a secret that stands in the file; write \${env:NAME} or \${file:PATH} instead`,
    })),
    ...openListener(whole.output.listen.host, whole.output.publicUrl),
  ];
  const policies = whole.output.policies.map(policyRule);
  const adminSocket = adminSocketPath(whole.output.adminSocket, folder, database);
  return {
    ...whole.output,
    database,
    adminSocket,
    audit: {
      keyFile: logKeyFile(whole.output.audit.keyFile, folder, database),
      deliver: whole.output.audit.deliver.map((target) => placed(target, folder)),
    },
    calendars: calendarOrders(whole.output.calendars, folder),
    resources,
    policies,
    policyHash: policyHash(policies),
    hash: sha256(canonical(text)),
    restHash: sha256(JSON.stringify({ ...fieldsOf(yaml.file.content), policies: [] })),
    warnings: warnings.map((warning) => problemInWords(file, yaml.file.place(warning))),
  };
}

function readDatabase(written: FileContent, folder: string): DatabaseAddress | string {
  const { database: text, databaseToken: token, databasePlainHttp: allowPlainHttp } = written;
  const address = readDatabaseAddress({ text, folder, allowPlainHttp });
  return typeof address === "string" || token === undefined ? address : { ...address, token };
}

function openListener(host: string, publicUrl: string | undefined): Problem[] {
  if (isLoopback(host) || publicUrl !== undefined) return [];
  return [
    {
      path: ["listen"],
      message:
        "is open to the network without publicUrl; put a TLS proxy in front and set publicUrl to its https address",
    },
  ];
}

function fieldsOf(content: unknown): object {
  return isMapping(content) ? content : {};
}

function sha256(text: string): string {
  return createHash("sha256").update(text).digest("hex");
}

function canonical(text: string): string {
  return text.replace(/^\ufeff/, "").replaceAll("\r\n", "\n");
}
