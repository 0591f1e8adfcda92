/** Who types, as the shell knows it: what is decided bears the name, unless --by gives another. */
export const shellUser = (): string | undefined => process.env.USER || process.env.LOGNAME || undefined;
