import { rm } from "node:fs/promises";
import path from "node:path";
import { beforeAll, describe, expect, it } from "vitest";
import { ensureBuild, type Build } from "../../harness/build/build.ts";
import { cacheFolder } from "../../harness/paths.ts";
import { withLock } from "../../harness/process/lock.ts";
import { regress } from "../../harness/regress/regress.ts";
import type { CheckName, CheckResult, RegressRequest } from "../../harness/regress/types.ts";
import type { Project } from "../../harness/upstream/project.ts";
import { fakeBuild, printedPerplexity } from "../support/fakeBuild.ts";
import { temporaryFolder } from "../support/temporary.ts";
import { plantedProject, plantInLibrary, plantInSeries } from "./plantedProject.ts";

const never = new AbortController().signal;
const quiet = { progress: () => undefined, done: () => undefined };
const targets = ["llama-quantize", "llama-perplexity", "llama-bench", "llama-imatrix"];

async function verdictOf(name: CheckName, request: RegressRequest): Promise<CheckResult> {
  const { fault, checks } = await regress({ ...request, only: [name] }, quiet, never);
  expect(fault).toBeNull();
  return checks[0]!;
}

// So that nobody else is using what is removed here.
const lock = path.join(cacheFolder(), "locks", "planted.lock");
const hour = 3_600_000;

let upstream: Build;
beforeAll(async () => void (upstream = await ensureBuild("upstream", { targets })), hour);

interface Planted {
  fault: string;
  check: CheckName;
  plant(project: Project): Promise<void>;
  /** What the details must say. */
  says: RegExp;
  verdict?: CheckResult["verdict"];
  /** Cells of the thesis's study that show it. */
  cells?: string;
}

const planted: Planted[] = [
  {
    fault: "a hook that alters _ref",
    check: "bytes",
    plant: (project) => plantInSeries(project, "pablo", {
      file: "ggml/src/ggml-quants.c",
      from: "        const float d  = max / -8;\n        const float id = d ? 1.0f/d : 0.0f;\n\n        y[i].d = GGML_FP32_TO_FP16(d);\n\n        for (int j = 0; j < qk/2; ++j) {\n            const float x0 = x[i*qk + 0    + j]*id;",
      to: "        const float d  = max / -8.02f;\n        const float id = d ? 1.0f/d : 0.0f;\n\n        y[i].d = GGML_FP32_TO_FP16(d);\n\n        for (int j = 0; j < qk/2; ++j) {\n            const float x0 = x[i*qk + 0    + j]*id;",
    }),
    says: /Q4_0 pure 1 thread without pablo\.conf: .*tensor \S+ \(Q4_0\): byte \d+ is 0x/,
  },
  {
    fault: "a changed rounding",
    check: "bytes",
    plant: (project) => plantInSeries(project, "pablo", { file: "ggml/src/ggml-quants.c", from: "            y[i].qs[j] = roundf(x0);\n        }\n    }\n}\n\n// reference implementation for deterministic creation of model files\nvoid quantize_row_q8_1_ref", to: "            y[i].qs[j] = floorf(x0 + 0.499f);\n        }\n    }\n}\n\n// reference implementation for deterministic creation of model files\nvoid quantize_row_q8_1_ref" }),
    says: /Q8_0 .*tensor \S+ \(Q8_0\): byte \d+ is 0x/,
  },
  {
    fault: "a leaked conf",
    check: "bytes",
    plant: (project) => plantInLibrary(project, { file: "pablo-encode.c", from: ".own    = conf->own && reached", to: ".own    = reached" }),
    says: /Q4_0 .*without pablo\.conf: /,
  },
  {
    fault: "a hook that decodes activations",
    check: "likelihoods",
    plant: async (project) => {
      await plantInSeries(project, "pablo", {
        file: "ggml/src/ggml-cpu/ggml-cpu.c",
        from: "static const struct ggml_type_traits_cpu type_traits_cpu[GGML_TYPE_COUNT] = {",
        to: `static void planted_row_q8_0(const float * x, void * y, int64_t n) {
    quantize_row_q8_0(x, y, n);
    for (int64_t i = 0; i < n; ++i) {
        int8_t * code = &((block_q8_0 *) y)[i/QK8_0].qs[i%QK8_0];
        *code = *code >= -1 && *code <= 1 ? 0 : *code;
    }
}
#define quantize_row_q8_0 planted_row_q8_0

static const struct ggml_type_traits_cpu type_traits_cpu[GGML_TYPE_COUNT] = {`,
      });
    },
    says: /KV Q8_0.*: chunk \d+ has NLL [\d.]+, upstream's [\d.]+/,
  },
  {
    fault: "an off-by-one in nibble order",
    check: "schemes",
    plant: (project) => plantInLibrary(project, {
      file: "pablo-encode.c",
      from: "int8_t high = (int8_t) ((blocks[b].qs[j] >> 4) - 8);",
      to: "int8_t high = (int8_t) ((blocks[b].qs[(j + 1)%(PABLO_BLOCK/2)] >> 4) - 8);",
    }),
    cells: "q4_0-own-r1",
    says: /q4_0-own-r1: perplexity [\d.e+]+, expected/,
  },
  {
    fault: "a tensor skipped by the histogram",
    check: "schemes",
    plant: (project) => plantInLibrary(project, { file: "pablo-quantizer.cpp", from: "if (conf.histogram[0] && (", to: 'if (conf.histogram[0] && strcmp(tensor->name, "output.weight") != 0 && (' }),
    cells: "q4_0",
    says: /q4_0: .*the library counted/,
  },
  {
    fault: "a simple mode that is 5 % slower",
    check: "speed",
    plant: (project) => plantInLibrary(project, {
      file: "pablo-encode.c",
      from: "    if (!encoder->own) {\n",
      to: "    if (!encoder->own) {\n        if (imatrix == NULL) ggml_quantize_chunk(encoder->type, src, dst, start, nrows/4, n_per_row, imatrix);\n",
    }),
    verdict: "warned",
    says: /slower than upstream: quantize Q[48]_0 1\.\d+/,
  },
];

describe("planted in the sources and built", () => {
  it.each(planted)("$fault is caught by $check", async ({ check, plant, says, verdict = "regressed", cells }) => {
    const project = await plantedProject();
    await plant(project);
    const result = await withLock(lock, async () => {
      const patched = await ensureBuild("patched", { project, targets });
      return verdictOf(check, { builds: { upstream, patched }, ...(cells && { cells }) }).finally(() => rm(patched.folder, { recursive: true }));
    });
    expect(result, result.details.join("\n")).toMatchObject({ verdict });
    expect(result.details.join("\n")).toMatch(says);
  }, hour);
});

it("a base patch that touches ggml is caught by patches, in the file and in the tree", async () => {
  const project = await plantedProject();
  await plantInSeries(project, "base", { file: "ggml/src/ggml-quants.c", from: "        const float d = amax / ((1 << 7) - 1);\n        const float id = d ? 1.0f/d : 0.0f;\n\n        y[i].d = GGML_FP32_TO_FP16(d);\n\n        for (int j = 0; j < QK8_0; ++j) {\n            const float x0 = x[i*QK8_0 + j]*id;", to: "        const float d = amax / 126;\n        const float id = d ? 1.0f/d : 0.0f;\n\n        y[i].d = GGML_FP32_TO_FP16(d);\n\n        for (int j = 0; j < QK8_0; ++j) {\n            const float x0 = x[i*QK8_0 + j]*id;" });
  const result = await verdictOf("patches", { project });
  expect(result.verdict).toBe("regressed");
  expect(result.details).toEqual([
    "regressed: base/planted.patch touches ggml/src/ggml-quants.c, outside tools/ and common/",
    "regressed: the tree that is built touches ggml/src/ggml-quants.c, outside tools/ and common/",
  ]);
}, hour);

describe("planted in what programs print", () => {
  const good = printedPerplexity([2, 3, 2, 3]);
  const copies = 'cp "$model" "$quantized"';
  const faults = {
    "a NaN in the last chunk": { output: good.replace("chunk 4 nll 3.0", "chunk 4 nll nan"), says: "The nll of chunk 4 of 4 is nan" },
    "a NaN in the last running value": { output: good.replace(/\[4\][\d.]+,/, "[4]nan,"), says: "The perplexity of chunk 4 of 4 is nan" },
    "a missing final estimate": { output: good.replace(/.*Final estimate.*/, ""), says: "gave 0 final estimates" },
  };

  it.each(Object.entries(faults))("%s is caught by likelihoods", async (_name, { output, says }) => {
    const folder = await temporaryFolder();
    const [upstream, bad] = [await fakeBuild(path.join(folder, "good"), { quantize: copies, perplexity: good }), await fakeBuild(path.join(folder, "bad"), { quantize: copies, perplexity: output })];
    const result = await verdictOf("likelihoods", { builds: { upstream: { ...upstream, variant: "upstream" }, patched: bad } });
    expect(result.verdict).toBe("regressed");
    expect(result.details.join("\n")).toContain(says);
  });

  it("the same from upstream's program leaves the question open", async () => {
    const folder = await temporaryFolder();
    const [upstream, bad] = [await fakeBuild(path.join(folder, "good"), { quantize: copies, perplexity: good }), await fakeBuild(path.join(folder, "bad"), { quantize: copies, perplexity: faults["a missing final estimate"].output })];
    expect(await verdictOf("likelihoods", { builds: { upstream: { ...bad, variant: "upstream" }, patched: upstream } })).toMatchObject({ verdict: "undecided" });
  });

  it("two good runs hold", async () => {
    const folder = await temporaryFolder();
    const build = await fakeBuild(path.join(folder, "good"), { quantize: copies, perplexity: good });
    expect(await verdictOf("likelihoods", { builds: { upstream: { ...build, variant: "upstream" }, patched: build } })).toMatchObject({ verdict: "holds", details: [] });
  });
});
