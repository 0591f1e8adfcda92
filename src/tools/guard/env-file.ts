/**
 * Whether a file of this name holds an environment, such as `.env` or `.env.local`, or is what an editor keeps of one
 * while it is open: `..env.swp` of vim, `#.env#` and `.#.env` of Emacs. Some file systems ignore case.
 */
export const isEnvFile = (name: string): boolean => /^(\.|#|\.#)?\.env/i.test(name);

/** Patterns of ripgrep for the same names. */
export const envFileGlobs: readonly string[] = ["", ".", "#", ".#"].map((before) => `${before}.[eE][nN][vV]*`);
