import { rm } from "node:fs/promises";
import path from "node:path";
import type { Frame } from "../../analysis/frame.ts";
import { chunkNll } from "../../analysis/tokenPerplexity.ts";
import { backends } from "../../build/backends.ts";
import { type Build, ensureBuild, listingProgram } from "../../build/build.ts";
import { watchLayers } from "../../jobs/onDevice.ts";
import { perplexityArguments } from "../../steps/arguments.ts";
import { type Device, findDevice } from "../../steps/devices.ts";
import { readFrames } from "../../steps/growingFrames.ts";
import { quantizeModel, runProgram, writeConf } from "../programs.ts";
import { rpcServer, withRpcServer } from "../rpcServer.ts";
import { attempt, makeTally, type Tally } from "../tally.ts";
import type { Check, RegressContext, TestModel } from "../types.ts";

const chunks = 4;
/** So far may the NLL of a chunk, in nats a token, be from the processor's: half precision and other sums make that much. */
const tolerance = 0.005;

const widths = Array.from({ length: 16 }, () => 16);
const steep = [...widths, ...widths.map((_width, code) => 16 * (code - 8))].join(" ");

/** Kinds of own files; the first two decode to the same bytes of Q8_0. */
const schemes = [
  { name: "packed", type: "Q4_0", conf: "1 0 1\nCONTAINER packed\n" },
  { name: "native", type: "Q8_0", conf: "1 0 1\n" },
  { name: "packed with -128", type: "Q4_0", conf: `1 0 2\nCONTAINER packed\nTABLE ${steep}\n` },
  { name: "centred", type: "Q4_0", conf: "1 1 0\n" },
] as const;

/** Own files on devices: a server of this processor gives its bits, a device that is named comes near them. */
export const devices: Check = {
  name: "devices",
  title: "Own files on a device: through RPC each token's NLL is, to the last bit, the processor's without repacking; a device that is named comes near it, and gives packed and native files alike.",
  targets: async () => [],
  async run(context) {
    if (context.release.lacks?.includes("devices")) return { verdict: "holds", figure: `llama.cpp ${context.release.tag} has no devices`, details: [] };
    const tally = makeTally();
    const remote = await buildFor("rpc", context, [rpcServer]);
    await withRpcServer(remote, context.signal, async (address) => {
      const device = await findDevice(remote, address, context.signal);
      for (const model of context.models) await compareOn(device!, remote, model, context, tally, true);
    });
    const { backend, device: asked } = context;
    if (backends[backend].hasDevices && (backend !== "rpc" || asked !== undefined)) {
      const build = await buildFor(backend, context);
      const device = await findDevice(build, asked, context.signal);
      tally.note(`${device!.asked}: ${device!.line}${device!.driver === null ? "" : `, driver ${device!.driver}`}`);
      for (const model of context.models) await compareOn(device!, build, model, context, tally, false);
    }
    const { compared, regressed } = tally.counts();
    return tally.outcome(`${compared} files compared, ${regressed} differ or fail`);
  },
};

async function buildFor(backend: RegressContext["backend"], { project, release, signal, report }: RegressContext, more: readonly string[] = []): Promise<Build> {
  return ensureBuild("patched", { project, release, targets: ["llama-quantize", "llama-perplexity", listingProgram, ...more], backend, signal, report });
}

async function compareOn(device: Device, build: Build, model: TestModel, context: RegressContext, tally: Tally, exact: boolean): Promise<void> {
  const found = new Map<string, readonly Frame[]>();
  for (const { name, type, conf } of schemes) {
    const label = `${model.name}, ${name}, on ${exact ? "an RPC server" : device.asked}`;
    context.report(`likelihood of ${label}`);
    const to = path.join(context.folder, "device.gguf");
    const own = await writeConf("device.conf", conf, context);
    const both = await attempt(async () => {
      await quantizeModel(build, { model: model.path, to, type, pure: true, threads: context.threads, conf: own }, context);
      return { there: await evaluate(build, to, device, context), here: await evaluate(build, to, null, context) };
    }, context.signal);
    await rm(to, { force: true });
    if ("fault" in both) {
      tally.regressed(`${label}: ${both.fault}`);
      continue;
    }
    const { there, here } = both.value;
    found.set(name, there);
    const most = largestDifference(there, here);
    if (exact ? areEqual(there, here) : most <= tolerance) tally.held();
    else tally.regressed(`${label}: a chunk's NLL is ${most} nats from the processor's`);
  }
  const [packed, native] = schemes.map(({ name }) => found.get(name));
  if (!packed || !native) return;
  if (areEqual(packed, native)) tally.held();
  else tally.regressed(`${model.name}: a packed file gives other likelihoods on ${device.asked} than a native one of the same codes`);
}

/** Frames of a few chunks. @param device null for the processor, whose weights are then not laid out again */
async function evaluate(build: Build, model: string, device: Device | null, context: RegressContext): Promise<Frame[]> {
  const { folder, text, threads } = context;
  const file = path.join(folder, "device.frames");
  await rm(file, { force: true });
  const on = { build, threads: String(threads), ...(device && { device }) };
  const args = perplexityArguments({ context: 512, batch: 2048, ubatch: 512, chunks }, { model, text }, on);
  const layers = device && watchLayers(device, "llama-perplexity");
  const { stdout, stderr } = await runProgram(build, "llama-perplexity", [...args, ...(device ? [] : ["--no-repack", "-fa", "off"]), "--frames", file], context, null, device?.environment);
  layers?.onText(stdout + stderr, "stderr");
  layers?.ended();
  const { frames } = await readFrames(file);
  return frames;
}

function areEqual(first: readonly Frame[], second: readonly Frame[]): boolean {
  return first.length === chunks && second.length === chunks && first.every(({ nll, top }, index) => nll.every((value, at) => value === second[index]!.nll[at]) && top.every((token, at) => token === second[index]!.top[at]));
}

function largestDifference(first: readonly Frame[], second: readonly Frame[]): number {
  if (first.length !== second.length || first.length === 0) return Infinity;
  return Math.max(...first.map((frame, index) => Math.abs(chunkNll(frame) - chunkNll(second[index]!))));
}
