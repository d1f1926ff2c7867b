// The migrations are SQL files and stand beside the compiled code as they stand beside the sources.
import { cpSync, rmSync } from "node:fs";
import { fileURLToPath } from "node:url";

const from = fileURLToPath(new URL("../src/store/migrations", import.meta.url));
const to = fileURLToPath(new URL("../dist/store/migrations", import.meta.url));
rmSync(to, { recursive: true, force: true });
cpSync(from, to, { recursive: true });
