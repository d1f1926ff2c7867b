import { dirname, resolve } from "node:path";
import { PhiError } from "@phi/shared/errors";
import { Secret } from "@phi/shared/secret";
import * as z from "zod";
import type { DatabaseAddress } from "./config.js";
import { readDatabaseAddress } from "./database-address.js";
import { logKeyFile } from "./log-key-file.js";
import { configInvalid } from "./problems.js";
import { readTextFile } from "./read-file.js";
import { type ReferenceSources, resolveReferences } from "./references.js";
import { parseYaml } from "./yaml-file.js";

const LARGEST_FILE = 1_048_576;

/** The few fields that an operator's command needs; it does not have the broker's secrets, and need not. */
const operatorPart = z.looseObject({
  database: z.string(),
  databaseToken: z.string().optional(),
  adminSocket: z.string().optional(),
  audit: z.looseObject({ keyFile: z.string().optional() }).optional(),
});

/** Where an operator's command finds the broker, and its ledger when that is a file. */
export interface BrokerPlace {
  readonly socket: string;
  readonly databasePath: string | undefined;
  /** The file of the audit log's key. */
  readonly keyFile: string;
}

/** Where a ledger is, and the file of its log's key. */
export type LedgerPlace = { readonly keyFile: string } & (
  | { readonly path: string }
  | { readonly path?: undefined; readonly url: string; readonly token: Secret | undefined }
);

/** Kernels keep 104 to 108 bytes for the path of a socket, its end included; a longer one is cut or refused. */
const LONGEST_SOCKET_PATH = 103;

/** The socket of a configuration: as written, relative to `folder`, or beside the database file where its path is short enough. */
export function adminSocketPath(
  written: string | undefined,
  folder: string,
  database: DatabaseAddress,
): string | undefined {
  if (written !== undefined) return resolve(folder, written);
  const beside = database.path === undefined ? undefined : `${database.path}.sock`;
  return beside === undefined || Buffer.byteLength(beside) > LONGEST_SOCKET_PATH ? undefined : beside;
}

/**
 * Reads from the configuration where its broker is, without looking at the rest.
 *
 * @throws PhiError `config_invalid`
 */
export async function findBroker(file: string): Promise<BrokerPlace> {
  const { part, folder, database, keyFile } = await readOperatorPart(file);
  const socket = adminSocketPath(part.adminSocket, folder, database);
  if (socket === undefined) {
    throw new PhiError(
      "config_invalid",
      `${file} has no adminSocket, and there is no place beside the ledger: it is on a server, or its path is too long.`,
      {
        hint: "Write adminSocket: /run/phi/phi.sock into it, for example, and restart the broker.",
      },
    );
  }
  return { socket, databasePath: database.path, keyFile };
}

/**
 * Reads from the configuration where its ledger and the key of its log are; of its secrets only the one that opens the ledger.
 *
 * @throws PhiError `config_invalid`
 */
export async function findLedger(file: string, env: ReferenceSources["env"]): Promise<LedgerPlace> {
  const { part, folder, database, keyFile } = await readOperatorPart(file);
  const { path, url } = database;
  if (path !== undefined) return { path, keyFile };
  const { content, problems } = await resolveReferences(
    { databaseToken: part.databaseToken },
    { env, readFile: (name) => readTextFile(resolve(folder, name), LARGEST_FILE) },
  );
  const [problem] = problems;
  if (problem !== undefined)
    throw new PhiError("config_invalid", `${file}: databaseToken ${problem.message}.`, {
      hint: "Call this with what the broker is started with.",
    });
  const { databaseToken: token } = content as { databaseToken?: Secret | string };
  return { url, token: typeof token === "string" ? new Secret(token) : token, keyFile };
}

async function readOperatorPart(file: string) {
  const folder = dirname(resolve(file));
  const { text } = await readTextFile(file, LARGEST_FILE).catch((error: unknown) => {
    throw new PhiError("config_invalid", `The configuration ${file} cannot be read.`, {
      hint: "Name the file with --config FILE.",
      cause: error,
    });
  });
  const yaml = parseYaml(text);
  if ("problems" in yaml) throw configInvalid(file, yaml.problems);
  const part = operatorPart.safeParse(yaml.file.content);
  const database = part.data && readDatabaseAddress({ text: part.data.database, folder, allowPlainHttp: true });
  if (part.data === undefined || database === undefined || typeof database === "string") {
    throw new PhiError("config_invalid", `${file} does not say where the ledger is.`, {
      hint: `phi-broker config check --config ${file}`,
    });
  }
  return { part: part.data, folder, database, keyFile: logKeyFile(part.data.audit?.keyFile, folder, database) };
}
