import { existsSync } from "node:fs";
import { cp, mkdir, readdir, readFile, rename, rm, stat, symlink, writeFile } from "node:fs/promises";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { ensureBuild, type BuildOptions, type Variant } from "../../harness/build/build.ts";
import { type ProcessError, run } from "../../harness/process/run.ts";
import { which } from "../../harness/process/which.ts";
import { temporaryFolder } from "../support/temporary.ts";
import type { Fixture } from "../upstream/fixture.ts";
import { addBasePatch, buildFixture } from "./fixture.ts";

let fixture: Fixture;
let reports: string[];
beforeEach(async () => {
  fixture = await buildFixture();
  reports = [];
  for (const name of ["CFLAGS", "CXXFLAGS", "LDFLAGS", "CC", "CXX"]) vi.stubEnv(name, undefined);
});
afterEach(() => vi.unstubAllEnvs());

const ensure = (variant: Variant = "upstream", options: BuildOptions = {}) => {
  const { project, release } = fixture;
  return ensureBuild(variant, { project, release, targets: ["tool"], report: (message) => reports.push(message), ...options });
};
const compiled = () => reports.some((message) => message.startsWith("compiling"));
const output = async (build: { binary(name: string): string }, name = "tool") => (await run(build.binary(name), [])).stdout.trim();

describe("a build", () => {
  it("says what it was made of, and is not made again", async () => {
    const fractions: number[] = [];
    const build = await ensure("upstream", { report: (message, fraction) => void (reports.push(message), fraction !== undefined && fractions.push(fraction)) });
    expect(await output(build)).toBe("1");
    expect(build).toMatchObject({
      variant: "upstream", release: "b1", tree: fixture.release.tree, libraryHash: "none", key: expect.stringMatching(/^[0-9a-f]{64}$/) as unknown,
      compiler: expect.stringMatching(/./) as unknown, cmakeFlags: expect.arrayContaining(["-DGGML_NATIVE=ON"]) as unknown,
    });
    expect([fractions[0], Math.max(...fractions)]).toEqual([0, 1]);
    expect(() => build.binary("other")).toThrow(/other was not built for b1 \(upstream\)\. There are tool\./);

    reports = [];
    const { binary, supports: _supports, ...again } = await ensure();
    expect(reports).toEqual([]);
    expect(again).toEqual(JSON.parse(JSON.stringify(build)));
    expect(binary("tool")).toBe(build.binary("tool"));
  });

  it("of the patched variant compiles the library, and follows its changes", async () => {
    const first = await ensure("patched");
    expect(await output(first)).toBe("2");
    await writeFile(path.join(fixture.project.root, "patches/pablo/pablo.c"), "int pablo(void) { return 4; }\n");
    const second = await ensure("patched");
    expect(await output(second)).toBe("4");
    expect(second.key).not.toBe(first.key);
    expect(second.libraryHash).not.toBe(first.libraryHash);
    expect(await output(first)).toBe("2");
    expect(await readdir(path.join(fixture.project.cache, "builds"))).toHaveLength(1);
  });

  it("is made in one workspace for both variants, each of what is its own", async () => {
    const patched = await ensure("patched");
    const upstream = await ensure();
    expect(await output(upstream)).toBe("1");
    expect(await output(patched)).toBe("2");
    // Another checkout that has the same library compiles nothing again.
    const root = path.join(await temporaryFolder(), "project");
    await cp(fixture.project.root, root, { recursive: true });
    await rm(patched.folder, { recursive: true });
    const [workspace = ""] = await readdir(path.join(fixture.project.cache, "builds"));
    const copy = path.join(fixture.project.cache, "builds", workspace, "library", "pablo.c");
    const { mtimeMs } = await stat(copy);
    expect(await output(await ensure("patched", { project: { ...fixture.project, root } }))).toBe("2");
    expect((await stat(copy)).mtimeMs).toBe(mtimeMs);
    expect(await readdir(path.join(fixture.project.cache, "builds"))).toHaveLength(1);
  });

  it("depends on the library's tests only where one is built", async () => {
    const both = () => Promise.all([["tool"], ["pablo-test-tool"]].map((targets) => ensure("patched", { targets })));
    const [tool, test] = await both();
    expect(await output(test!, "pablo-test-tool")).toBe("6");
    await writeFile(path.join(fixture.project.root, "patches/pablo/test/test.c"), "int pablo(void) { return 7; }\n");
    const [same, other] = await both();
    expect(same!.key).toBe(tool!.key);
    expect([tool, test, same, other].map((build) => build!.libraryHash === tool!.libraryHash)).not.toContain(false);
    expect(await output(other!, "pablo-test-tool")).toBe("7");
  });

  it("follows the patches", async () => {
    const plain = await ensure();
    await addBasePatch(fixture.project.root);
    const build = await ensure();
    expect(await output(build)).toBe("3");
    expect(build.tree).not.toBe(plain.tree);
    expect(build.key).not.toBe(plain.key);
  });

  it("gets more targets under the same key", async () => {
    const first = await ensure();
    const second = await ensure("upstream", { targets: ["other", "test-tool"] });
    expect(second.key).toBe(first.key);
    expect(await output(second, "test-tool")).toBe("1");
    reports = [];
    await ensure("upstream", { targets: ["tool", "other", "test-tool"] });
    expect(compiled()).toBe(false);
  });

  it("has another key for other compiler flags", async () => {
    const { key } = await ensure();
    vi.stubEnv("CFLAGS", "-DSOMETHING");
    const other = await ensure();
    expect(other.key).not.toBe(key);
    expect(other.cmakeFlags).toContain("-DCMAKE_C_FLAGS=-DSOMETHING");
  });

  it("whose binary or record is damaged or gone is a miss", async () => {
    const { folder } = await ensure();
    const [tool, record] = [path.join(folder, "tool"), path.join(folder, "build.json")];
    for (const damage of [() => writeFile(tool, "damaged"), () => rm(tool), () => writeFile(record, "{"), () => rm(record)]) {
      await damage();
      reports = [];
      expect(await output(await ensure())).toBe("1");
      expect(compiled()).toBe(true);
      expect(await readdir(folder)).toEqual(["build.json", "tool"]);
    }
  });

  it.skipIf(!which("make"))("starts over with make when a crash left the build half way", async () => {
    const tools = await onlyPath("git", "cmake", "make", "cc", "c++", "npm", "sh");
    vi.stubEnv("PATH", tools);
    await ensure();
    const [workspace = ""] = await readdir(path.join(fixture.project.cache, "builds"));
    const folder = path.join(fixture.project.cache, "builds", workspace);
    expect(existsSync(path.join(folder, "build", "Makefile"))).toBe(true);
    expect(existsSync(path.join(folder, "unfinished"))).toBe(false);
    // What SIGKILL leaves: an object file that is newer than its source, and no good.
    await writeFile(path.join(folder, "unfinished"), "");
    await writeFile(path.join(folder, "build/CMakeFiles/tool.dir/tool.c.o"), "");
    await rm(path.join(folder, "build/bin/tool"));
    await rm(path.join(fixture.project.cache, "binaries"), { recursive: true });
    expect(await output(await ensure())).toBe("1");
  });

  it("that fails shows the compiler's words, and the next one is not misled", async () => {
    const library = path.join(fixture.project.root, "patches/pablo/pablo.c");
    await writeFile(library, "int pablo(void) { return two; }\n");
    const error = (await ensure("patched").catch((thrown: unknown) => thrown)) as ProcessError;
    const says = /(two\W+undeclared|undeclared identifier\W+two)/;
    expect(error.message).toMatch(new RegExp(`ended with exit code \\d+; its last lines:.*${says.source}`, "s"));
    expect(error.reason).toMatch(says);
    expect(await readFile(error.log!, "utf8")).toMatch(says);
    expect(existsSync(path.join(fixture.project.cache, "binaries"))).toBe(false);
    await writeFile(library, "int pablo(void) { return 5; }\n");
    expect(await output(await ensure("patched"))).toBe("5");
  });

  it("that is aborted leaves no record and can be taken up again", async () => {
    const abort = new AbortController();
    const report = (message: string) => message.startsWith("compiling") && abort.abort();
    await expect(ensure("upstream", { signal: abort.signal, report: (message) => void report(message) })).rejects.toMatchObject({ name: "AbortError" });
    expect(existsSync(path.join(fixture.project.cache, "binaries"))).toBe(false);
    const [workspace = ""] = await readdir(path.join(fixture.project.cache, "builds"));
    const marker = path.join(fixture.project.cache, "builds", workspace, "unfinished");
    expect(existsSync(marker)).toBe(true);
    expect(await output(await ensure())).toBe("1");
    expect(existsSync(marker)).toBe(false);
  });

  it("of a target that is no program says so", async () => {
    await expect(ensure("upstream", { targets: ["no-program"] })).rejects.toThrow(/has a target no-program, but it makes no program/);
  });

  it("is made once when two processes ask for it at once", async () => {
    const builder = fileURLToPath(new URL("builder.ts", import.meta.url));
    const { root, cache, url } = fixture.project;
    const ask = () => run(process.execPath, ["--import", "tsx", builder, root, cache, url]);
    const [one, two] = await Promise.all([ask(), ask()]);
    const binary = (text: string) => /^binary (.*)$/m.exec(text)?.[1];
    expect(binary(one.stdout)).toBe(binary(two.stdout));
    expect((await run(binary(one.stdout)!, [])).stdout).toBe("1\n");
    expect([one, two].filter(({ stdout }) => stdout.includes("compiling"))).toHaveLength(1);
  });
});

/** A folder with links to these programs alone, for PATH. */
async function onlyPath(...names: string[]): Promise<string> {
  const folder = await temporaryFolder();
  const programs = names.map((name) => [name, which(name)] as const);
  await Promise.all(programs.map(([name, file]) => file && symlink(file, path.join(folder, name))));
  // gcc looks for its assembler and linker on the PATH, and cmake for its tools.
  for (const name of ["as", "ld", "ar", "ranlib", "uname"]) {
    const file = which(name);
    if (file) await symlink(file, path.join(folder, name));
  }
  return folder;
}

describe("a machine without", () => {
  it.each([
    ["a C compiler", ["git", "cmake", "make"], /no C compiler on the PATH \(cc, gcc, clang\)\. Install/],
    ["a C++ compiler", ["git", "cmake", "make", "cc"], /no C\+\+ compiler on the PATH/],
    ["CMake", ["git", "make", "cc", "c++"], /^cmake is not on the PATH\. Install/],
    ["make and ninja", ["git", "cmake", "cc", "c++"], /Neither ninja nor make is on the PATH/],
    ["git", ["cmake", "make", "cc", "c++"], /^git is not on the PATH\. Install it/],
  ])("%s is told what to install", async (_, programs, message) => {
    vi.stubEnv("PATH", await onlyPath(...programs));
    await expect(ensure()).rejects.toThrow(message);
  });

  it("the compiler that CC names says so", async () => {
    vi.stubEnv("CC", "/no/such/cc");
    await expect(ensure()).rejects.toThrow(/CC=\/no\/such\/cc is no program/);
  });

  it("the library's sources says so", async () => {
    await rm(path.join(fixture.project.root, "patches/pablo"), { recursive: true });
    await expect(ensure("patched")).rejects.toThrow(/patches\/pablo does not exist/);
  });

  it("network and cache is told what was tried", async () => {
    await rm(path.join(fixture.project.cache, "bundles"), { recursive: true });
    vi.stubEnv("npm_config_registry", "http://127.0.0.1:9/");
    vi.stubEnv("npm_config_fetch_retries", "0");
    fixture.project.url = "http://127.0.0.1:9/";
    await expect(ensure()).rejects.toThrow(/cannot be downloaded/);
  });
});

describe("the folder of a build", () => {
  it("in a cache folder that was moved is found, and made again when something changed", async () => {
    await ensure("patched");
    const cache = path.join(await temporaryFolder(), "moved");
    await rename(fixture.project.cache, cache);
    const project = { ...fixture.project, cache };
    reports = [];
    expect([await output(await ensure("patched", { project })), compiled()]).toEqual(["2", false]);
    await writeFile(path.join(project.root, "patches/pablo/pablo.c"), "int pablo(void) { return 5; }\n");
    expect(await output(await ensure("patched", { project }))).toBe("5");
  });

  it("outlives the removal of llama.cpp/ and of the workspace", async () => {
    const build = await ensure();
    await rm(path.join(fixture.project.root, "llama.cpp"), { recursive: true });
    await mkdir(path.join(fixture.project.root, "llama.cpp"));
    await rm(path.join(fixture.project.cache, "builds"), { recursive: true });
    reports = [];
    expect([(await ensure()).key, reports]).toEqual([build.key, []]);
    expect((await stat(build.binary("tool"))).mode & 0o100).toBe(0o100);
    expect(JSON.parse(await readFile(path.join(build.folder, "build.json"), "utf8"))).toMatchObject({ content: { key: build.key } });
  });
});
