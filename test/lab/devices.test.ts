import { readdir, readFile } from "node:fs/promises";
import path from "node:path";
import { beforeEach, describe, expect, it, vi } from "vitest";
import { forecastText } from "../../harness/cli/forecastText.ts";
import { compareResults, comparisonText } from "../../harness/report/compare.ts";
import { loadResults } from "../../harness/report/load.ts";
import { manifestRows } from "../../harness/report/html/manifest.ts";
import { readPlan } from "../../harness/store/plan.ts";
import { calibrateRates } from "../../harness/sweep/calibrateRates.ts";
import type { SweepRequest } from "../../harness/sweep/request.ts";
import type { SweepResult } from "../../harness/sweep/sweep.ts";
import { goodPerplexity, printedPerplexity } from "../support/fakeBuild.ts";
import { fakeDeviceBuild, onDevice, threeCards } from "../support/fakeDevices.ts";
import { growing } from "../support/jobLab.ts";
import { makeLab, type SweepLab } from "../support/sweepLab.ts";
import { temporaryFolder } from "../support/temporary.ts";

beforeEach(async () => {
  vi.stubEnv("QUANTFLEX_CACHE", await temporaryFolder());
  // A machine's own driver is none of the fake cards'.
  vi.stubEnv("PATH", "/usr/bin:/bin");
});

/** A lab whose sweeps run on fake cards. */
async function deviceLab(): Promise<SweepLab & { on(request: Partial<SweepRequest>, perplexity?: string, listing?: string): Promise<SweepResult> }> {
  const lab = await makeLab();
  return { ...lab, on: async (request, perplexity = onDevice, listing = threeCards) => lab.run({ ...request, build: await fakeDeviceBuild(path.join(lab.folder, "bin"), listing, { perplexity }) }, null) };
}

async function keysOf(lab: SweepLab): Promise<string[]> {
  return (await readPlan(lab.out))!.cells.flatMap(({ steps }) => steps.map(({ key }) => key));
}

describe("a sweep on a device", () => {
  it("computes every cell on the one that is named, and says so in plan and page", async () => {
    const lab = await deviceLab();
    expect(await lab.on({ device: "Vulkan1" })).toMatchObject({ computed: ["f16", "a", "b"], failed: [] });
    const calls = (await lab.calls()).filter((call) => call.includes("--frames"));
    expect(calls).toHaveLength(3);
    for (const call of calls) expect(call).toContain("--device Vulkan1 -ngl 999 -fit off -fa off -sm none");
    const line = "Card X (driver) | uma: 0 | fp16: 1 | int dot: 1 | matrix cores: KHR_coopmat";
    const results = await loadResults(lab.out);
    expect(results.plan).toMatchObject({ build: { backend: "vulkan", tools: "glslc 1" }, device: { names: ["Vulkan1"], line, driver: null, memoryBytes: 8192 * 2 ** 20 } });
    expect(manifestRows(results)).toContainEqual(["device", `Vulkan1: ${line}, 8.0 GiB`]);
    expect(results.cells[1]!.record!.steps.get("evaluate")!.inputs.facts).toMatchObject({ device: line, driver: null, tools: "glslc 1" });
  });

  it("takes the first that there is, and finds what another of its kind has computed", async () => {
    const lab = await deviceLab();
    await lab.on({});
    expect((await readPlan(lab.out))!.device!.names).toEqual(["Vulkan0"]);
    const keys = await keysOf(lab);
    expect(await lab.on({ device: "Vulkan1" })).toMatchObject({ computed: [], stored: ["f16", "a", "b"] });
    expect(await keysOf(lab)).toEqual(keys);
  });

  it("shares cells out among several of one kind", async () => {
    const lab = await deviceLab();
    // Each waits for the other, so that neither runs both.
    const meets = `touch "$(dirname "$frames")/$$.$PPID"; sleep 0.2\n${onDevice}`;
    expect(await lab.on({ devices: ["Vulkan0", "Vulkan1"] }, meets)).toMatchObject({ computed: expect.arrayContaining(["f16", "a", "b"]) as unknown, failed: [] });
    const used = (await lab.calls()).flatMap((call) => /--device (Vulkan\d)/.exec(call)?.[1] ?? []);
    expect(new Set(used)).toEqual(new Set(["Vulkan0", "Vulkan1"]));
  });

  it.each([
    [{ device: "Vulkan7" }, /^--device Vulkan7: there is no such device; there are Vulkan0 \(Card X\), Vulkan1 \(Card X\), Vulkan2 \(Card Y\)$/],
    [{ devices: ["Vulkan0", "Vulkan2"] }, /^--devices: Vulkan0 is Card X .*, Vulkan2 is Card Y .*; figures of different devices/],
    [{ devices: ["Vulkan0", "Vulkan0"] }, /^--devices: Vulkan0 is given twice/],
    [{ device: "Vulkan0", devices: ["Vulkan1"] }, /^--device and --devices were given/],
    [{ device: "Vulkan2" }, /^cell f16: evaluate needs about \d+ bytes on Vulkan2, of which 0 are free; take a smaller/],
  ] as const)("is refused in a line before anything runs: %j", async (request, says) => {
    const lab = await deviceLab();
    await expect(lab.on(request)).rejects.toThrow(says);
    expect(await lab.calls()).toEqual([]);
  });

  it("is refused where there is none, and by a build for the processor", async () => {
    const lab = await deviceLab();
    await expect(lab.on({}, onDevice, "echo 'Available devices:'; echo '  (none)'")).rejects.toThrow(/^--backend vulkan: llama\.cpp's vulkan backend sees no device on this machine/);
    await expect(lab.run({ device: "Vulkan0" })).rejects.toThrow(/^--device Vulkan0: a build for the backend native has no devices; give --backend vulkan/);
    await expect(lab.run({ devices: ["none", "none"] })).rejects.toThrow(/^--devices none,none: a build for the backend native has no devices; give --backend vulkan/);
  });

  it.each([
    ["is not there to start the programs with", "echo 'llama-bench: error while loading shared libraries: libcuda.so.1: cannot open shared object file' >&2; exit 127", "llama-bench ended with exit code 127: .*libcuda\\.so\\.1.*"],
    ["is too old", "echo 'ggml_cuda_init: failed to initialize CUDA: CUDA driver version is insufficient for CUDA runtime version' >&2; echo 'Available devices:'; echo '  (none)'", "failed to initialize CUDA: CUDA driver version is insufficient for CUDA runtime version"],
  ])("is refused in a line where its driver %s", async (_what, listing, why) => {
    const lab = await deviceLab();
    await expect(lab.on({}, onDevice, listing)).rejects.toThrow(new RegExp(`^--backend vulkan: its devices cannot be listed on this machine \\(${why}\\); look at its driver, or give --backend native$`));
  });

  it("is refused by a plan too, unless cells run on a cluster, whose devices are others", async () => {
    const lab = await deviceLab();
    const request = { device: "Vulkan2", build: await fakeDeviceBuild(path.join(lab.folder, "bin")) };
    expect(await lab.plan(request)).toMatchObject({ backend: "vulkan", devices: ["Vulkan2"], refusal: expect.stringMatching(/^cell f16: evaluate needs about/) as unknown });
    expect(await lab.plan({ ...request, slurm: {} })).toMatchObject({ refusal: null });
    await expect(lab.on({ devices: ["Vulkan0", "Vulkan1"], slurm: {} })).rejects.toThrow(/^--devices does not go with --executor slurm/);
  });

  it("is what steps are measured on whose time a plan does not know", async () => {
    const lab = await deviceLab();
    const build = await fakeDeviceBuild(path.join(lab.folder, "bin"));
    const measuring = calibrateRates(["evaluate"], { backend: "vulkan", devices: ["Vulkan7"], build }, () => undefined, new AbortController().signal);
    await expect(measuring).rejects.toThrow(/^--device Vulkan7: there is no such device/);
  });

  it("takes a processor in disguise only by its name", async () => {
    const lab = await deviceLab();
    const hidden = `echo 'Available devices:'\n[ "$GGML_VK_VISIBLE_DEVICES" = 0 ] && echo '  Vulkan0: llvmpipe (900 MiB, 800 MiB free)' || echo '  (none)'`;
    await expect(lab.on({}, onDevice, hidden)).rejects.toThrow(/sees no device/);
    expect(await lab.on({ device: "Vulkan0", only: "a" }, `[ "$GGML_VK_VISIBLE_DEVICES" = 0 ] || exit 9\n${onDevice}`, hidden)).toMatchObject({ computed: ["a"] });
  });

  it("does not hear the caller's GGML variables", async () => {
    vi.stubEnv("GGML_VK_DISABLE_F16", "1");
    const lab = await deviceLab();
    expect(await lab.on({ only: "a" }, `[ -z "$GGML_VK_DISABLE_F16" ] || exit 9\n${onDevice}`)).toMatchObject({ computed: ["a"] });
  });
});

describe("what was computed elsewhere than on the device is not kept:", () => {
  it.each([
    ["some layers on the processor", onDevice.replace("3/3", "2/3"), /^llama-perplexity computed 2 of 3 layers on Vulkan0, the others on the processor/],
    ["nothing said of layers", goodPerplexity, /^llama-perplexity did not say that it computed the model on Vulkan0/],
  ])("%s", async (_what, perplexity, says) => {
    const lab = await deviceLab();
    expect(await lab.on({ only: "a" }, perplexity)).toMatchObject({ computed: [], failed: [{ name: "a", reason: expect.stringMatching(says) as unknown }] });
    // Had its frames been kept, nothing would be left to run.
    const before = (await lab.calls()).filter((call) => call.includes("--frames")).length;
    expect(await lab.on({ only: "a" })).toMatchObject({ computed: ["a"] });
    expect((await lab.calls()).filter((call) => call.includes("--frames"))).toHaveLength(before + 1);
  });

  it("but what was computed on it before is", async () => {
    const lab = await deviceLab();
    expect(await lab.on({ only: "a", chunks: 1 }, `echo 'load_tensors: offloaded 3/3 layers to GPU' >&2\n${printedPerplexity([2], { available: 2 })}`)).toMatchObject({ computed: ["a"] });
    const file = await growing(lab.out);
    const before = await readFile(file);
    expect(await lab.on({ only: "a" }, goodPerplexity)).toMatchObject({ failed: [{ name: "a", reason: expect.stringMatching(/did not say that it computed the model on Vulkan0/) as unknown }] });
    expect((await readFile(file)).equals(before)).toBe(true);
  });
});

it.each([
  ["is lost", "terminate called after throwing: vk::Queue::submit: ErrorDeviceLost", /^device Vulkan0 went away while it was computing; .*\(terminate.*ErrorDeviceLost\)$/],
  ["has no memory left", "ggml_vulkan: Device memory allocation of size 123 failed.", /^device Vulkan0 has not memory enough; .*size 123 failed/],
  ["is gone", "error while handling argument: invalid device: Vulkan0", /^device Vulkan0 is not there any more/],
])("a device that %s fails its cell in a line", async (_what, line, says) => {
  const lab = await deviceLab();
  expect(await lab.on({ only: "a" }, `echo 'load_tensors: offloaded 3/3 layers to GPU' >&2; echo '${line}' >&2; kill -ABRT $$`)).toMatchObject({ failed: [{ name: "a", reason: expect.stringMatching(says) as unknown }] });
});

it("of devices and the processor no statistics are paired, and it is said", async () => {
  const [lab, other] = [await deviceLab(), await deviceLab()];
  await lab.on({});
  await other.run();
  const [there, here] = [await loadResults(lab.out), await loadResults(other.out)];
  const comparison = compareResults(here, there);
  expect(comparison.pairs.map(({ ratio }) => ratio)).toEqual([null, null, null]);
  expect(comparisonText(comparison)).toMatch(/^computed on different devices, so that no ratio has an interval: A on the processor, B on Card X \(driver\)/m);
  expect(compareResults(there, there).pairs.every(({ ratio }) => ratio !== null)).toBe(true);
});

it("a plan counts on a device with what that device took, not the processor", async () => {
  const lab = await deviceLab();
  await lab.run();
  const build = await fakeDeviceBuild(path.join(lab.folder, "bin"));
  const { device, time } = await lab.plan({ build });
  expect(device).toMatch(/^Vulkan0: Card X/);
  expect(time.unknown).toEqual(["evaluate"]);
  await lab.on({});
  expect((await lab.plan({ build, out: path.join(lab.folder, "other") })).time.unknown).toEqual([]);
});

describe("memory that a plan names", () => {
  const forQuantizing = { cell: "a", step: "quantize", there: expect.any(Number) as unknown };
  const unbuilt = { build: null, backend: "rpc", device: "127.0.0.1:9" } as const;
  const forEvaluating = { bytes: expect.any(Number) as unknown, cell: "f16", step: "evaluate" };

  it("is the device's for what is computed there, and this machine's for the rest", async () => {
    const lab = await deviceLab();
    const build = await fakeDeviceBuild(path.join(lab.folder, "bin"));
    const here = await lab.plan();
    expect(here.deviceMemory).toBeNull();
    expect(forecastText(here)).not.toContain("memory on the device");
    const one = await lab.plan({ build, device: "Vulkan1" });
    expect(one.memory).toMatchObject(forQuantizing);
    expect(one.deviceMemory).toEqual({ ...forEvaluating, free: 8000 * 2 ** 20 });
    expect(forecastText(one)).toMatch(/^memory on the device: about .*B for evaluate of f16; 8\.39 GB are free there$/m);
    const both = await lab.plan({ build, devices: ["Vulkan0", "Vulkan1"], jobs: 2 });
    expect(forecastText(both)).toMatch(/, 4 cells at a time on 2 devices/);
    expect(both.deviceMemory!.bytes).toBe(2 * one.deviceMemory!.bytes);
    expect(both.memory!.bytes).toBe(4 * one.memory!.bytes);
  });

  it.each([["on a cluster", { slurm: {} }], ["before the build is there", unbuilt]] as const)("is what is needed there where the device is not known: %s", async (_what, request) => {
    const lab = await deviceLab();
    const planned = await lab.plan({ build: await fakeDeviceBuild(path.join(lab.folder, "bin")), ...request });
    expect(planned.memory).toMatchObject(forQuantizing);
    expect(planned.deviceMemory).toEqual({ ...forEvaluating, free: null });
    expect(forecastText(planned)).toMatch(/^memory on the device: about .*B for evaluate of f16$/m);
  });

  it("is no reason to refuse a model that this machine's would not hold, not even before the build is there", async () => {
    const lab = await deviceLab();
    vi.spyOn(process, "constrainedMemory").mockReturnValue(1.5e9);
    const large = { shape: "1b", chunks: 10 } as const;
    expect((await lab.plan(large)).refusal).toMatch(/^cell f16: evaluate needs \d+ bytes of memory/);
    expect((await lab.plan({ ...large, build: await fakeDeviceBuild(path.join(lab.folder, "bin")) })).refusal).toBeNull();
    expect((await lab.plan({ ...large, ...unbuilt })).refusal).toBeNull();
  });
});

it("a job knows its backend and its device, and one of the processor neither", async () => {
  const lab = await deviceLab();
  await lab.run({ only: "a" });
  await lab.on({ only: "a" });
  const folder = path.join(lab.out, "store", "jobs");
  const targets = await Promise.all((await readdir(folder)).map(async (name) => (JSON.parse(await readFile(path.join(folder, name), "utf8")) as { target: object }).target));
  expect(targets).toHaveLength(2);
  expect(targets).toContainEqual(expect.objectContaining({ backend: "vulkan", device: "Vulkan0" }));
  expect(targets.map((target) => Object.keys(target).length).sort()).toEqual([3, 5]);
});
