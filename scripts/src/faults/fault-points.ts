/**
 * Places at which a process can die: before and after each call through a port, and, for calls to a target, while it is under
 * way. They are found by running, not by reading: every method of a wrapped port has them, also one that was added yesterday.
 */
export interface FaultPoints {
  /** The same port, with a point around each of its calls. `say` names a call; what has the same name is counted. */
  wrap<Port extends object>(port: Port, say: Naming): Port;
}

export interface Naming {
  /** In a few words, from the method's name and what it is called with. */
  readonly name: (method: string, args: readonly unknown[]) => string;
  /** Pure methods, which touch nothing. */
  readonly pure: readonly string[];
  /**
   * Methods that change nothing. Such a call is a place once for each line of the code that makes it: what it may meet, a death after every write
   * is there for.
   */
  readonly reads: (method: string) => boolean;
  /** Whether somebody else works on the call while we wait, so that dying in the middle is a case of its own. */
  readonly remote: boolean;
}

/** How long after its beginning, in ms, the middle of a call to a target is. */
const MIDDLE = 3;

/**
 * `reached` is called with the name of each point, for the first time it is passed. Dies at the one called `crashAt`. With `everyRead` a read
 * is a place again after each write.
 */
export function createFaultPoints(
  reached: (point: string) => void,
  crashAt: string | undefined,
  die: () => void,
  everyRead: boolean,
): FaultPoints {
  let writes = 0;
  const seen = new Map<string, { times: number; writes: number }>();

  function pass(place: string, isRead: boolean): void {
    const before = seen.get(place);
    if (isRead && before !== undefined && (!everyRead || before.writes === writes)) return;
    const times = (before?.times ?? 0) + 1;
    seen.set(place, { times, writes });
    const point = `${place} ${times}`;
    reached(point);
    if (point === crashAt) die();
  }

  async function finished<T>(call: string, isRead: boolean, result: Promise<T>): Promise<T> {
    try {
      const value = await result;
      if (!isRead) writes += 1;
      pass(`${call}${Array.isArray(value) && value.length > 0 ? " found" : ""}, after`, isRead);
      return value;
    } catch (error) {
      pass(`${call}, failed`, isRead);
      throw error;
    }
  }

  async function* walked<T>(call: string, items: AsyncIterable<T>): AsyncGenerator<T> {
    for await (const item of items) {
      pass(`${call}, item`, true);
      yield item;
    }
    pass(`${call}, after`, true);
  }

  return {
    wrap(port, { name, pure, reads, remote }) {
      return new Proxy(port, {
        get(target, key) {
          const value: unknown = Reflect.get(target, key);
          const method = String(key);
          if (typeof value !== "function" || pure.includes(method)) return value;
          return (...args: unknown[]) => {
            const isRead = reads(method);
            const call = isRead ? `${name(method, args)}${caller()}` : name(method, args);
            pass(`${call}, before`, isRead);
            const result: unknown = Reflect.apply(value, target, args);
            if (remote) setTimeout(() => pass(`${call}, middle`, isRead), MIDDLE).unref();
            if (result instanceof Promise) return finished(call, isRead, result);
            if (typeof result === "object" && result !== null && Symbol.asyncIterator in result)
              return walked(call, result as AsyncIterable<unknown>);
            return result;
          };
        },
      });
    },
  };
}

/** Who called the port, by function and place in the bundle; the same in each process of one run. */
function caller(): string {
  // Below this function and the port's own stand-in.
  const frame = new Error().stack?.split("\n")[3] ?? "";
  const [, who = "", at = ""] = /at (?:async )?(.*?) ?\(?[^( ]*?:(\d+:\d+)\)?$/.exec(frame) ?? [];
  return ` in ${who === "" ? "a callback" : who} (${at})`;
}
