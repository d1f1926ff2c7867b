/** The header of an answer in which a broker shows its newest signed checkpoint: base64url of the note. */
export const CHECKPOINT_HEADER = "phi-checkpoint";
