import { promisify } from "node:util";
import { gunzip } from "node:zlib";
import { LARGEST_CHUNK_TEXT } from "@phi/shared/contract/recording";
import type { RecordingPiece } from "@phi/shared/contract/session";
import { PhiError } from "@phi/shared/errors";

const decompress = promisify(gunzip);

/** The lines of one piece, as text. Throws `bad_answer` for what is no piece of a recording. */
export async function unpack({ n, data }: RecordingPiece): Promise<string> {
  try {
    const text = await decompress(Buffer.from(data, "base64"), { maxOutputLength: LARGEST_CHUNK_TEXT });
    return text.toString("utf8");
  } catch (error) {
    throw new PhiError("bad_answer", `Piece ${n} of the recording is damaged.`, {
      hint: "phi audit verify tells whether it was changed",
      cause: error,
    });
  }
}
