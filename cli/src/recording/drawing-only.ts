/**
 * Lets through what draws, and nothing else. A recording is the output of programs that somebody else ran: played raw it could write
 * the clipboard, set titles, print, or make the terminal answer with text that a shell then reads. So only text, line and cursor
 * movement, erasing, scrolling, colours and a few display modes pass (ECMA-48; xterm control sequences); all strings (OSC, DCS, APC, PM,
 * SOS), queries, reports, keyboard and mouse modes are taken out. Kept over calls: a sequence may come in two pieces.
 */
export interface DrawingFilter {
  push(text: string): string;
}

/** Longer sequences mean nothing to any terminal. */
const LONGEST = 64;
/** Movement, erasing, inserting, deleting, scrolling, repeating, tab stops, colours, the scroll region, and saving the cursor. */
const FINALS = new Set("@ABCDEFGHIJKLMPSTXZ`abdefgmrsu");
/** Screens, wrapping, origin, cursor, reverse video, left and right margins, and drawing all at once. */
const MODES = new Set(["3", "5", "6", "7", "12", "25", "45", "47", "69", "1047", "1048", "1049", "2026"]);
/** Save and restore the cursor, index, next line, tab stop, reverse index. */
const ESCAPES = new Set("78DEHM");
/** Bell, backspace, tab, line feed, vertical tab, form feed, carriage return, shift out and in. */
const CONTROLS = new Set("\u0007\b\t\n\u000b\f\r\u000e\u000f");
/** C1 controls, and what turns the direction of writing. */
const UNSAFE = /[\u007f-\u009f\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]/g;

type State = "text" | "escape" | "charset" | "control" | "string" | "string escape";

export function createDrawingFilter(): DrawingFilter {
  let state: State = "text";
  let sequence = "";

  function take(character: string): string {
    switch (state) {
      case "text":
        if (character === "\u001b") {
          state = "escape";
          return "";
        }
        return character >= " " || CONTROLS.has(character) ? character : "";
      case "escape":
        return takeEscape(character);
      case "charset":
        state = "text";
        // ASCII, line drawing, British: what programs use to draw frames.
        return /[B0A]/.test(character) ? `\u001b${sequence}${character}` : "";
      case "control":
        return takeControl(character);
      case "string":
        if (character === "\u0007") state = "text";
        else if (character === "\u001b") state = "string escape";
        return "";
      case "string escape":
        state = "text";
        return character === "\\" ? "" : takeEscape(character);
    }
  }

  function takeEscape(character: string): string {
    state = "text";
    if (character === "[") {
      state = "control";
      sequence = "";
    } else if (character === "(" || character === ")") {
      state = "charset";
      sequence = character;
    } else if (character === "\u001b") {
      state = "escape";
    } else if (/[\]PX^_]/.test(character)) {
      state = "string";
    } else if (ESCAPES.has(character)) {
      return `\u001b${character}`;
    } else if (character === "c") {
      // A full reset would change more than the picture: the picture it leaves is an empty screen.
      return "\u001b[0m\u001b[r\u001b[2J\u001b[H";
    }
    return "";
  }

  function takeControl(character: string): string {
    if (character === "\u001b") {
      state = "escape";
      return "";
    }
    // Controls inside of a sequence act at once (ECMA-48 §5.5 leaves it open, terminals agree).
    if (character < " ") return CONTROLS.has(character) ? character : "";
    sequence += character;
    if (sequence.length > LONGEST) {
      state = "text";
      return "";
    }
    if (character < "@" || character > "~") return "";
    state = "text";
    return isDrawing(sequence) ? `\u001b[${sequence}` : "";
  }

  return {
    push(text) {
      let drawn = "";
      for (const character of text.replaceAll(UNSAFE, "")) drawn += take(character);
      return drawn;
    },
  };
}

function isDrawing(sequence: string): boolean {
  const final = sequence.at(-1) ?? "";
  const parameters = sequence.slice(0, -1);
  if (final === "h" || final === "l") {
    if (parameters.startsWith("?"))
      return parameters
        .slice(1)
        .split(";")
        .every((mode) => MODES.has(mode));
    return parameters === "4";
  }
  // The shape of the cursor.
  if (final === "q") return /^\d* $/.test(parameters);
  return FINALS.has(final) && /^[\d;:]*$/.test(parameters);
}
