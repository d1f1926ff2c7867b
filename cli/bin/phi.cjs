#!/usr/bin/env node
// Committed, so that npm can link the command before the first build.
const bundle = require("node:path").join(__dirname, "..", "dist", "bin", "main.cjs");
if (require("node:fs").existsSync(bundle)) require(bundle);
else {
  process.stderr.write("phi: not built yet\n      npm run build\n");
  process.exitCode = 1;
}
