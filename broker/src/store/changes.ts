import { EventEmitter } from "node:events";
import type { Changes } from "../ports/changes.js";

/** Tells who waits in this process. */
export function createChanges(): Changes {
  const emitter = new EventEmitter();
  emitter.setMaxListeners(0); // one per waiting stream; their number is bounded where they are opened
  return {
    publish(request) {
      emitter.emit(request);
    },
    subscribe(request, listener) {
      emitter.on(request, listener);
      return () => emitter.off(request, listener);
    },
  };
}
