const secretName = /key|token|secret|passw|credential|auth|otlp.*headers/i;
const leastLength = 8;

/** The values of environment variables whose names say that they are secret. */
export function secretsInEnv(env: NodeJS.ProcessEnv = process.env): string[] {
  return Object.entries(env).flatMap(([name, value]) => (value && secretName.test(name) ? [value] : []));
}

/** Takes these texts, and whatever follows `Bearer`, out of a line of JSON. Short ones would take out words. */
export function redactor(secrets: readonly string[]): (line: string) => string {
  const known = [...new Set(secrets)]
    .filter((secret) => secret.length >= leastLength)
    .sort((a, b) => b.length - a.length)
    .map((secret) =>
      JSON.stringify(secret)
        .slice(1, -1)
        .replace(/[.*+?^${}()|[\]\\]/g, "\\$&"),
    );
  const pattern = new RegExp([...known, "(?<=Bearer\\s+)[\\w.~+/=-]+"].join("|"), "gi");
  return (line) => line.replace(pattern, "[redacted]");
}
