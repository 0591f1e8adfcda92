/**
 * Writes sbom.cdx.json, the list of what a release brings, in CycloneDX's format: `npm pack` and `npm publish` put it into
 * the package. `npm sbom --omit=dev` would leave out packages that development needs too.
 */
import { execFileSync } from "node:child_process";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { installedPackages, readLockfile } from "./supply-chain.ts";

interface Bom {
  readonly metadata: { readonly component: object };
  readonly components: readonly { readonly "bom-ref": string; readonly purl: string }[];
  readonly dependencies: readonly { readonly ref: string; readonly dependsOn: readonly string[] }[];
}

const projectDir = join(import.meta.dirname, "..");

/** The software bill of materials of the package as it is installed. */
export function bomOfRelease(): Bom {
  const args = ["sbom", "--package-lock-only", "--sbom-format=cyclonedx", "--sbom-type=library"];
  const whole = JSON.parse(execFileSync("npm", args, { cwd: projectDir, encoding: "utf8", maxBuffer: 2 ** 26 })) as Bom;
  const installed = new Set(
    installedPackages(readLockfile()).map(
      ([folder, { version }]) => `${folder.replace(/^.*node_modules\//, "")}@${version}`,
    ),
  );
  const components = whole.components.filter(({ "bom-ref": ref }) => installed.has(ref.split("|")[0]!));
  const kept = new Set(components.map(({ "bom-ref": ref }) => ref));
  const dependencies = whole.dependencies
    .filter(({ ref }, index) => index === 0 || kept.has(ref))
    .map(({ ref, dependsOn }) => ({ ref, dependsOn: dependsOn.filter((one) => kept.has(one)) }));
  // npm names the package after its folder.
  const component = { ...whole.metadata.component, name: "smithers-orchestrator" };
  return { ...whole, metadata: { ...whole.metadata, component }, components, dependencies };
}

if (import.meta.main) writeFileSync(join(projectDir, "sbom.cdx.json"), `${JSON.stringify(bomOfRelease(), null, 2)}\n`);
