import { fileURLToPath } from "node:url";
import { checkBoundaries } from "./check-boundaries.js";
import { violationInWords } from "./modules.js";

/** `npm run boundaries`: says what breaks the table of `design §5`, and why that matters. Exits with 1 when something does. */
const root = fileURLToPath(new URL("../../..", import.meta.url));
const { files, violations } = checkBoundaries(root);
for (const violation of violations) process.stderr.write(`${violationInWords(violation)}\n`);
process.stdout.write(`boundaries: ${files} files, ${violations.length} not as they should be\n`);
process.exitCode = violations.length === 0 ? 0 : 1;
