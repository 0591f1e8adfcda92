import { expect, test } from "bun:test";
import { spawnSync } from "node:child_process";
import { existsSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { delimiter, join, resolve } from "node:path";
import { write } from "../support/folder.ts";
import { projectDir } from "../support/packed.ts";

const own = JSON.parse(readFileSync(join(projectDir, "package.json"), "utf8"));
const packageJsonOf = (folder: string) => JSON.parse(readFileSync(join(folder, "package.json"), "utf8"));

/** For the compiler: several checkers would each look at the same declarations, which costs about twice as much. */
export const oneChecker = ["--checkers", "1"];

/** The tests of `smithers init`, in an app that has installed the tarball: to install it takes a while, and is done once. */
export function testInit(app: string): void {
  function run(cwd: string, ...args: string[]) {
    const PATH = [join(projectDir, "node_modules/.bin"), process.env.PATH].join(delimiter);
    const { status, stdout, stderr } = spawnSync(join(app, "node_modules/.bin/smithers"), args, {
      cwd,
      encoding: "utf8",
      env: { ...process.env, PATH },
    });
    return { code: status, out: stdout, err: stderr };
  }

  test("the installed command makes a project that type-checks and runs at once, and overwrites nothing", () => {
    expect(run(app, "init", "flows").code).toBe(0);
    const flows = join(app, "flows");
    expect(readdirSync(flows).sort()).toEqual([".gitignore", "hello.tsx", "package.json", "tsconfig.json"]);

    const { dependencies, scripts } = packageJsonOf(flows);
    const spec = dependencies["smithers-orchestrator"];
    expect(spec).toMatch(/^file:.*\.tgz$/);
    expect(existsSync(resolve(flows, spec.slice("file:".length)))).toBe(true);
    expect(dependencies.zod).toBe(own.peerDependencies.zod);

    const words = /^smithers up hello\.tsx --input '(.*)'$/.exec(scripts.start)!;
    const waiting = run(flows, "up", "hello.tsx", "--input", words[1]!, "--run-id", "r1");
    expect(waiting.code).toBe(3);
    expect(waiting.err).toContain('"check" is waiting for a decision: "Send the greeting?"');
    expect(run(flows, "ps").out).toContain("waiting-approval");
    expect(run(flows, "approve", "r1").code).toBe(0);
    expect(run(flows, "resume", "r1")).toMatchObject({ code: 0, out: expect.stringContaining("Hello, World!") });

    const typeRoots = [join(projectDir, "node_modules/@types")];
    const tsconfig = JSON.parse(readFileSync(join(flows, "tsconfig.json"), "utf8"));
    tsconfig.compilerOptions.typeRoots = typeRoots;
    // The README's server too, as an app that has such a project.
    tsconfig.include = ["**/*", "../server.ts"];
    writeFileSync(join(flows, "tsconfig.test.json"), JSON.stringify(tsconfig));
    const checked = spawnSync(join(projectDir, "node_modules/.bin/tsc"), ["-p", "tsconfig.test.json", ...oneChecker], {
      cwd: flows,
      encoding: "utf8",
    });
    expect(checked).toMatchObject({ status: 0, stdout: "" });

    writeFileSync(join(flows, "hello.tsx"), "mine");
    const again = run(app, "init", "flows");
    expect(again).toMatchObject({ code: 4, err: expect.stringContaining("hello.tsx would be overwritten") });
    expect(readFileSync(join(flows, "hello.tsx"), "utf8")).toBe("mine");
  });

  test.each([
    ["a version", "0.x", `^${own.version}`],
    ["a tag", "latest", `^${own.version}`],
    ["a git repository", "git+ssh://git@example.org/flows.git#v1", "git+ssh://git@example.org/flows.git#v1"],
    ["a repository of GitHub", "someone/smithers#main", "someone/smithers#main"],
    ["an address", "https://example.org/smithers.tgz", "https://example.org/smithers.tgz"],
    ["a folder", "file:../checkout", "file:../../checkout"],
    ["an alias", "npm:smithers-orchestrator@1", `^${own.version}`],
  ])("what was installed by %s is what the project installs", (by, given, spec) => {
    const { dependencies, ...rest } = packageJsonOf(app);
    const named = { ...dependencies, "smithers-orchestrator": given };
    writeFileSync(join(app, "package.json"), JSON.stringify({ ...rest, dependencies: named }));
    const folder = by.replaceAll(" ", "-");
    expect(run(app, "init", folder).code).toBe(0);
    expect(packageJsonOf(join(app, folder)).dependencies["smithers-orchestrator"]).toBe(spec);
    writeFileSync(join(app, "package.json"), JSON.stringify({ ...rest, dependencies }));
  });

  test("a package.json and a .gitignore that exist keep what they hold, and get what they lack", () => {
    const shop = join(app, "shop");
    const mine = {
      version: "3.0.0",
      name: "shop",
      type: "commonjs",
      scripts: { start: "node shop.js", test: "node --test" },
      devDependencies: { zod: "^4.0.0" },
    };
    write(shop, {
      "package.json": JSON.stringify(mine, null, "\t"),
      ".gitignore": "dist/\nnode_modules/",
      "shop.js": "",
    });
    const made = run(shop, "init");
    expect(made).toMatchObject({ code: 0, err: expect.stringContaining("npx smithers up hello.tsx") });
    expect(made.out).toContain("changed package.json");
    const text = readFileSync(join(shop, "package.json"), "utf8");
    expect(text).toStartWith('{\n\t"version": "3.0.0",\n\t"name": "shop",');
    const { dependencies, ...merged } = JSON.parse(text);
    expect(merged).toEqual({
      ...mine,
      scripts: { ...mine.scripts, server: "smithers server", check: "tsc" },
      devDependencies: { ...mine.devDependencies, ...packageJsonOf(join(app, "flows")).devDependencies },
      allowScripts: { bun: true },
    });
    expect(Object.keys(dependencies)).toEqual(["smithers-orchestrator"]);
    const ignored = readFileSync(join(shop, ".gitignore"), "utf8").split("\n");
    expect(ignored.slice(0, 2)).toEqual(["dist/", "node_modules/"]);
    expect(ignored.filter((line) => line === "node_modules/")).toHaveLength(1);
    expect(ignored).toContain(".*.smithers-*");
  });

  test("a package.json that cannot be read is named with the place, and nothing is written", () => {
    const broken = join(app, "broken");
    write(broken, { "package.json": '{ "name": "broken", }' });
    expect(run(broken, "init")).toMatchObject({ code: 4, err: expect.stringContaining("line 1, column 21") });
    expect(readdirSync(broken)).toEqual(["package.json"]);
    write(broken, { "package.json": "[]" });
    expect(run(broken, "init")).toMatchObject({ code: 4, err: expect.stringContaining("does not hold a JSON object") });
  });
}
