import { createContext, Script } from "node:vm";

const context = createContext({ step: undefined as unknown });
const script = new Script("step()");

/**
 * Calls a function that might never return, and cuts it off: a calendar can hold rules that never come true ("30 February, daily"), which a reader looks for
 * until the end of time. What it was working on must be thrown away then.
 *
 * @throws Error with the code `ERR_SCRIPT_EXECUTION_TIMEOUT`
 */
export function bounded<Value>(milliseconds: number, step: () => Value): Value {
  context.step = step;
  try {
    return script.runInContext(context, { timeout: milliseconds }) as Value;
  } finally {
    context.step = undefined;
  }
}
