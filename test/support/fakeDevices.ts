import { chmod, writeFile } from "node:fs/promises";
import path from "node:path";
import type { Build } from "../../harness/build/build.ts";
import { type Behaviour, fakeBuild, goodPerplexity } from "./fakeBuild.ts";

/** Two cards of one kind and another, as llama-bench of a Vulkan build lists them. */
export const threeCards = `cat >&2 <<'END'
ggml_vulkan: Found 3 Vulkan devices:
ggml_vulkan: 0 = Card X (driver) | uma: 0 | fp16: 1 | int dot: 1 | matrix cores: KHR_coopmat
ggml_vulkan: 1 = Card X (driver) | uma: 0 | fp16: 1 | int dot: 1 | matrix cores: KHR_coopmat
ggml_vulkan: 2 = Card Y (driver) | uma: 1 | fp16: 0 | int dot: 0 | matrix cores: none
END
cat <<'END'
Available devices:
  Vulkan0: Card X (8192 MiB, 8000 MiB free)
  Vulkan1: Card X (8192 MiB, 8000 MiB free)
  Vulkan2: Card Y (16 MiB, 0 MiB free)
END`;

/** What llama-perplexity prints that computes a model on a device, before its result. */
export const onDevice = `echo 'load_tensors: offloaded 3/3 layers to GPU' >&2\n${goodPerplexity}`;

/**
 * A Vulkan build whose programs are shell scripts.
 *
 * @param listing what llama-bench does when it is asked for devices
 */
export async function fakeDeviceBuild(folder: string, listing = threeCards, behaviour: Behaviour = {}): Promise<Build> {
  const build = await fakeBuild(folder, { perplexity: onDevice, ...behaviour });
  const file = path.join(folder, "llama-bench");
  await writeFile(file, `#!/bin/sh\n${listing}\n`);
  await chmod(file, 0o755);
  return { ...build, backend: "vulkan", tools: "glslc 1" };
}
