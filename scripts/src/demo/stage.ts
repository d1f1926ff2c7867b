import type { Environment } from "../environment/environment.js";
import type { Promises } from "./promises.js";
import type { Toolbox } from "./toolbox.js";
import type { Transcript } from "./transcript.js";
import type { Typist } from "./typist.js";
import type { Witness } from "./witness.js";

/** What every scene of the demo has at hand. */
export interface Stage {
  readonly environment: Environment;
  readonly toolbox: Toolbox;
  readonly transcript: Transcript;
  readonly promises: Promises;
  readonly witness: Witness;
  /** An engineer. */
  readonly alice: Typist;
  /** An engineer and a lead: answers for the database. */
  readonly bob: Typist;
  /** Security: looks back. */
  readonly carol: Typist;
}
