const secretName = /key|token|secret|passw|credential|auth(?!or(?!iz))|otlp.*headers/i;
const leastLength = 8;

/** Values of environment variables whose names suggest a secret. */
export function secretsInEnv(env: NodeJS.ProcessEnv = process.env): string[] {
  return Object.entries(env).flatMap(([name, value]) => (value && secretName.test(name) ? [value] : []));
}

/**
 * Removes these texts, and any text after `Bearer`, from a line of JSON. Short texts are ignored, because they would
 * remove ordinary words.
 */
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
