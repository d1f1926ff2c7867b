/**
 * A value that must never be printed, logged, stored or serialised by accident.
 * Everything that turns a value into text gives `[secret]`; {@link Secret.reveal} is the only way out,
 * and a check in CI lists which files may call it.
 */
export class Secret<T = string> {
  readonly #value: T;

  constructor(value: T) {
    this.#value = value;
  }

  /** The value itself. Call it as late as possible and keep the answer in a local. */
  reveal(): T {
    return this.#value;
  }

  toString(): string {
    return "[secret]";
  }

  toJSON(): string {
    return "[secret]";
  }

  [Symbol.for("nodejs.util.inspect.custom")](): string {
    return "[secret]";
  }
}
