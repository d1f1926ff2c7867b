import { isAlias, isMap, isNode, isScalar, isSeq, LineCounter, type Node, type Pair, parseDocument } from "yaml";
import type { PlacedProblem, Problem } from "./problems.js";
import { pathInWords } from "./problems.js";

/** A parsed file that can still say where everything in it stands. */
export interface YamlFile {
  /** Plain values: mappings, lists, strings, numbers, booleans, null. */
  readonly content: unknown;
  place(problem: Problem): PlacedProblem;
}

/** A handful of anchors is convenience; thousands are an attempt to fill the memory. */
const MOST_ALIASES = 100;

/** Reads YAML 1.2 (core schema, one document, no custom tags, no doubled keys), or says everything that is wrong with it. */
export function parseYaml(text: string): { file: YamlFile } | { problems: PlacedProblem[] } {
  const lines = new LineCounter();
  try {
    const document = parseDocument(text, { lineCounter: lines, uniqueKeys: true, prettyErrors: false, version: "1.2" });
    const mistakes = [...document.errors, ...document.warnings];
    if (mistakes.length > 0) {
      return { problems: mistakes.map((mistake) => at(lines, mistake.pos[0], "", inOneSentence(mistake.message))) };
    }
    const content: unknown = document.toJS({ maxAliasCount: MOST_ALIASES });
    const place = (problem: Problem) =>
      at(lines, offsetOf(document.contents, problem, document), pathInWords(problem.path), problem.message);
    return { file: { content, place } };
  } catch (error) {
    // Aliases beyond the limit and nesting beyond the stack are the only ways to get here.
    const tooManyAliases = error instanceof ReferenceError;
    const message = tooManyAliases
      ? `uses anchors and aliases more than ${MOST_ALIASES} times`
      : "is nested too deeply";
    return { problems: [at(lines, 0, "", message)] };
  }
}

function at(lines: LineCounter, offset: number, path: string, message: string): PlacedProblem {
  const { line, col } = lines.linePos(offset);
  return { line: Math.max(line, 1), column: Math.max(col, 1), path, message };
}

function inOneSentence(message: string): string {
  if (message === "Map keys must be unique") return "the same field stands twice in one mapping; keep one";
  return `this is not YAML: ${message.split("\n")[0] ?? message}`;
}

interface Resolver {
  readonly contents: unknown;
}

/** Offset of what the path means, or of the nearest thing around it that is in the file. */
function offsetOf(root: unknown, problem: Problem, document: Resolver): number {
  let node = resolve(root, document);
  let offset = startOf(node) ?? 0;
  for (const [index, step] of problem.path.entries()) {
    const last = index === problem.path.length - 1;
    if (isMap(node)) {
      const pair = node.items.find((item) => keyOf(item) === String(step));
      if (pair === undefined) return offset;
      const key = startOf(pair.key);
      if (last && problem.at === "key") return key ?? offset;
      node = resolve(pair.value, document);
      // What a mapping lacks is missed under its name, not under its first field.
      offset = (isScalar(node) && node.value !== null ? startOf(node) : undefined) ?? key ?? offset;
    } else if (isSeq(node)) {
      node = resolve(node.items[Number(step)], document);
      offset = startOf(node) ?? offset;
    } else return offset;
  }
  return offset;
}

function keyOf(pair: Pair): string {
  return String(isScalar(pair.key) ? pair.key.value : pair.key);
}

function startOf(node: unknown): number | undefined {
  return isNode(node) ? node.range?.[0] : undefined;
}

function resolve(node: unknown, document: Resolver): Node | undefined {
  if (isAlias(node)) return node.resolve(document as Parameters<typeof node.resolve>[0]);
  return isNode(node) ? node : undefined;
}
