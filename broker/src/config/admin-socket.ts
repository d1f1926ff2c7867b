import { dirname, resolve } from "node:path";
import { PhiError } from "@phi/shared/errors";
import { z } from "zod";
import type { DatabaseAddress } from "./config.js";
import { readDatabaseAddress } from "./database-address.js";
import { logKeyFile } from "./log-key-file.js";
import { configInvalid } from "./problems.js";
import { readTextFile } from "./read-file.js";
import { parseYaml } from "./yaml-file.js";

const LARGEST_FILE = 1_048_576;

/** The few fields that an operator's command needs; it does not have the broker's secrets, and need not. */
const operatorPart = z.looseObject({
  database: z.string(),
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
  const socket = adminSocketPath(part.data.adminSocket, folder, database);
  if (socket === undefined) {
    throw new PhiError(
      "config_invalid",
      `${file} has no adminSocket, and there is no place beside the ledger: it is on a server, or its path is too long.`,
      {
        hint: "Write adminSocket: /run/phi/phi.sock into it, for example, and restart the broker.",
      },
    );
  }
  return {
    socket,
    databasePath: database.path,
    keyFile: logKeyFile(part.data.audit?.keyFile, folder, database),
  };
}
