#!/usr/bin/env node
// Committed, so that npm can link the command before the first build.
import("../dist/bin/main.cjs").catch((error) => {
  if (error?.code !== "ERR_MODULE_NOT_FOUND" || !String(error.message).includes("dist/bin/main.cjs")) throw error;
  process.stderr.write("phi-broker: not built yet\n            npm run build\n");
  process.exitCode = 1;
});
