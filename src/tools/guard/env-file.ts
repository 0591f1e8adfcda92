/** Whether a file of this name holds an environment, such as `.env` or `.env.local`. */
export const isEnvFile = (name: string): boolean => name.startsWith(".env");
