/** Whether a file is one of those that hold an environment, as `.env` and `.env.local` do. */
export const isEnvFile = (name: string): boolean => name.startsWith(".env");
