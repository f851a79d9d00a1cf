import { chmod, mkdir, symlink, writeFile } from "node:fs/promises";
import path from "node:path";
import { afterEach, beforeEach, expect, it, vi } from "vitest";
import { main } from "../../harness/cli.ts";
import { lookAtBackend } from "../../harness/doctor/backend.ts";
import { lookAtDevices, lookAtDriver } from "../../harness/doctor/devices.ts";
import type { Finding } from "../../harness/doctor/finding.ts";
import { which } from "../../harness/process/which.ts";
import { fakeDeviceBuild } from "../support/fakeDevices.ts";
import { temporaryFolder } from "../support/temporary.ts";

let stdout = "";
let stderr = "";
beforeEach(() => {
  stdout = stderr = "";
  vi.spyOn(process.stdout, "write").mockImplementation((text) => ((stdout += String(text)), true));
  vi.spyOn(process.stderr, "write").mockImplementation((text) => ((stderr += String(text)), true));
});
afterEach(() => void vi.restoreAllMocks());

const programs = ["cc", "c++", "cmake", "make", "ninja", "git", "ccache", "xz", "as", "ld", "sh"];

/** A PATH with links to the real programs, but for those that are left out or have a script of their own. */
async function pathWith(scripts: Readonly<Record<string, string | null>>): Promise<string> {
  const folder = path.join(await temporaryFolder(), "bin");
  await mkdir(folder);
  for (const name of programs) {
    const real = which(name);
    const script = scripts[name];
    const file = path.join(folder, name);
    if (script === null) continue;
    if (script === undefined) await (real && symlink(real, file));
    else await writeFile(file, `#!/bin/sh\n${script}\n`).then(() => chmod(file, 0o755));
  }
  return folder;
}

async function look(): Promise<{ code: number; found: Record<string, Finding> }> {
  const code = await main(["doctor", "--json"]);
  const list = JSON.parse(stdout) as Finding[];
  stdout = "";
  return { code, found: Object.fromEntries(list.map((finding) => [finding.of, finding])) };
}

it("finds all that tests run with, and says it in a table", async () => {
  vi.stubEnv("PATH", await pathWith({}));
  expect(await main(["doctor"])).toBe(0);
  expect(stdout).toMatch(/^C\+\+ compiler +ok +\S/m);
  expect(stdout).toMatch(/^build +could be +not made yet/m);
  expect(stderr).toBe("");
});

const faults: [string, Record<string, string | null>, string, RegExp][] = [
  ["there is no CMake", { cmake: null }, "CMake", /^not on the PATH$/],
  ["CMake is too old", { cmake: "echo cmake version 3.10.2" }, "CMake", /3\.10\.2.*, where 3\.14\.0 is needed/],
  ["CMake does not run", { cmake: "echo broken >&2; exit 5" }, "CMake", /cmake does not run: .*exit code 5: broken/],
  ["there is neither make nor ninja", { make: null, ninja: null }, "make or ninja", /not on the PATH/],
  ["there is no git", { git: null }, "git", /not on the PATH/],
  ["there is no compiler", { cc: null }, "C compiler", /^none on the PATH \(cc, gcc, clang\)$/],
  ["a compiler lacks its library", { "c++": 'case "$*" in --version) echo c++ 12;; *) echo "fatal error: filesystem: No such file" >&2; exit 1;; esac' }, "C++ compiler", /does not compile a small program: .*filesystem/],
];
it.each(faults)("fails with the command that mends it when %s", async (_what, scripts, of, what) => {
  vi.stubEnv("PATH", await pathWith(scripts));
  const { code, found } = await look();
  expect(code).toBe(1);
  expect(found[of]).toMatchObject({ verdict: "missing", found: expect.stringMatching(what) as unknown, remedy: expect.stringMatching(/\S/) as unknown });
  expect(stderr).toContain(`${of} will not do`);
});

it("a compiler that CC names and that is none is missing, whatever else there is", async () => {
  vi.stubEnv("CC", "nowhere-cc");
  expect((await look()).found["C compiler"]).toMatchObject({ verdict: "missing", found: "CC=nowhere-cc is no program" });
});

it("what only does some good is no reason to fail", async () => {
  vi.stubEnv("PATH", await pathWith({ ccache: null, xz: null }));
  const { code, found } = await look();
  expect(code).toBe(0);
  expect(found["ccache"]!.verdict).toBe("optional");
});

it("a cache that cannot be made is missing, and the way out is named", async () => {
  const file = path.join(await temporaryFolder(), "file");
  await writeFile(file, "");
  vi.stubEnv("QUANTFLEX_CACHE", path.join(file, "cache"));
  const { code, found } = await look();
  expect(code).toBe(1);
  expect(found["cache"]).toMatchObject({ verdict: "missing", remedy: expect.stringContaining("QUANTFLEX_CACHE") as unknown });
});

it("of a backend looks for what that is built with, and names what brings it", async () => {
  vi.stubEnv("PATH", await pathWith({}));
  vi.stubEnv("VULKAN_SDK", await temporaryFolder());
  const code = await main(["doctor", "--json", "--backend", "vulkan"]);
  const found = JSON.parse(stdout) as Finding[];
  expect(code).toBe(1);
  expect(found.find(({ of }) => of === "glslc")).toEqual({ of: "glslc", found: "glslc is not on the PATH", verdict: "missing", remedy: expect.stringMatching(/install|vulkan/) as unknown });
  expect(stderr).toContain("glslc");
});

const hasLevel = ["x64", "arm64"].includes(process.arch);

it.runIf(hasLevel)("of a portable build says which level of instructions it is for", async () => {
  await main(["doctor", "--json", "--backend", "portable"]);
  const found = JSON.parse(stdout) as Finding[];
  expect(found.find(({ of }) => of === "portable build")!.found).toMatch(/^for (x86-64-v3|Armv8\.2 with dot products) \(.*\), of which .* lacks /);
});

it.runIf(hasLevel && process.platform === "linux")("names what a processor lacks for a portable build", async () => {
  const features = { x64: "x64 avx bmi2 f16c fma sse4_2", arm64: "arm64 asimd asimdhp" }[process.arch as "x64" | "arm64"];
  const lacking = { x64: "avx2", arm64: "asimddp" }[process.arch as "x64" | "arm64"];
  const found = await lookAtBackend("portable", new AbortController().signal, async () => ({ description: "old one", features }));
  expect(found).toMatchObject([{ verdict: "missing", found: expect.stringMatching(new RegExp(`, of which old one lacks ${lacking}$`)) as unknown, remedy: "give --backend native" }]);
});

it.skipIf(process.platform === "darwin")("says that a backend is another system's, and which this one has", async () => {
  expect(await lookAtBackend("metal", new AbortController().signal)).toEqual([{ of: "backend metal", found: "there on macOS alone", verdict: "missing", remedy: "give --backend native, portable, vulkan, cuda, hip, sycl, rpc" }]);
});

it.each([
  [undefined, { verdict: "good", found: "Vulkan0 (Card X, 8.39 GB free), Vulkan1 (Card X, 8.39 GB free), Vulkan2 (Card Y, 0 B free)", remedy: null }],
  ["echo '  (none)'", { verdict: "optional", found: "llama.cpp's vulkan backend sees none on this machine" }],
  ["echo 'cannot open libcuda.so.1' >&2; exit 127", { verdict: "optional", found: expect.stringMatching(/cannot open libcuda\.so\.1/) as unknown }],
])("of a build for devices says which it sees: %s", async (listing, finding) => {
  const build = await fakeDeviceBuild(path.join(await temporaryFolder(), "bin"), listing);
  expect(await lookAtDevices(build, new AbortController().signal)).toMatchObject([{ of: "devices", ...finding }]);
});

it("says where nothing tells a driver's version, which stored figures go by", async () => {
  const bin = await temporaryFolder();
  const build = await fakeDeviceBuild(path.join(bin, "build"));
  vi.stubEnv("PATH", `${bin}${path.delimiter}${process.env["PATH"]}`);
  const findings = (): Promise<Finding[]> => lookAtDriver(build, new AbortController().signal);
  expect(await findings()).toMatchObject([{ of: "driver", verdict: "optional", remedy: expect.stringContaining("vulkan-tools") as unknown }]);
  await writeFile(path.join(bin, "vulkaninfo"), "#!/bin/sh\nprintf 'GPU0:\\n\\tdeviceName = Card X\\n\\tdriverName = radv\\n\\tdriverInfo = Mesa 24.1\\n'\n");
  await chmod(path.join(bin, "vulkaninfo"), 0o755);
  expect(await findings()).toMatchObject([{ of: "driver", verdict: "good", found: "radv Mesa 24.1" }]);
});

it("refuses a backend that there is not", async () => {
  expect(await main(["doctor", "--backend", "gpu"])).toBe(1);
  expect(stderr).toContain("Allowed choices are native, portable, vulkan, cuda, metal, hip, sycl, rpc");
});
