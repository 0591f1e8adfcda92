import { bash } from "./bash.ts";
import { edit } from "./edit.ts";
import { grep } from "./grep/index.ts";
import { read } from "./read.ts";
import { write } from "./write.ts";

/** The package's own tools by name, for an agent that may call all of them. */
export const tools = { read, write, edit, grep, bash };
