const secretName = /key|token|secret|passw|credential|auth(?!or(?!iz))|otlp.*headers/i;
/** The password in the address of a database or a proxy. */
const passwordInUrl = /:\/\/[^\s/:@]{0,256}:([^\s/@]{1,256})@/;
/** Shorter texts are ordinary words too often. */
const leastLength = 8;

const kept = new Set<string>();

/** How many secrets were kept so far. */
export const keptSecrets = (): number => kept.size;

/** Makes a text a secret of this process, as a server's token. Texts of fewer than 8 characters are ignored. */
export function keepSecret(text: string): void {
  kept.add(text);
}

/** The secrets of this process: what was kept, and what the environment holds. The longest come first. */
export function knownSecrets(): string[] {
  const all = [...kept, ...secretsInEnv()].filter(({ length }) => length >= leastLength);
  return [...new Set(all)].sort((a, b) => b.length - a.length);
}

/** Values of environment variables whose names suggest a secret, and passwords in addresses. Empty in a browser. */
function secretsInEnv(): string[] {
  return Object.entries(globalThis.process?.env ?? {}).flatMap(([name, value]) => {
    if (!value) return [];
    if (secretName.test(name)) return [value];
    const password = passwordInUrl.exec(value)?.[1];
    return password === undefined ? [] : [password, decoded(password)];
  });
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}
