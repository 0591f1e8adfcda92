/** The user of the shell, recorded with decisions unless --by names another. */
export const shellUser = (): string | undefined => process.env.USER || process.env.LOGNAME || undefined;
