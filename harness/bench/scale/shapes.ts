import { forecast } from "../../sweep/forecast/forecast.ts";
import type { ShapeName } from "../../sweep/shapedModel.ts";

/** What a study of a model of some shape takes. */
export interface ShapeCost {
  shape: ShapeName;
  /** Bytes of the model in F16, of all that lies on disk at most at one time, and of memory. */
  model: number;
  disk: number;
  memory: number;
  /** Hours on one node, by its cores. */
  hours: Map<number, number>;
  /** Hours with one GPU for what is evaluated and the fewest of those cores for the rest; null without a speed of one. */
  gpuHours: number | null;
  /** Steps whose time nothing is known of. */
  unknown: string[];
}

/** What is asked. */
export interface ScaleRequest {
  study: string;
  shapes: readonly ShapeName[];
  /** Chunks of text, and the number of cores of each kind of node, of which there is one at least. */
  chunks: number;
  cores: readonly number[];
  /** Bytes of a node's memory: half of it second moments may take at once, or they are collected in several passes. */
  memory: number;
  /** Floating-point operations that a GPU does in a second on long prompts; null for none. */
  gpuSpeed: number | null;
}

/** Steps that a GPU does; of second moments the products stay on the processor, and take most of the time. */
const evaluations: readonly string[] = ["evaluate", "reference", "imatrix"];

/** A multiplication and an addition for each weight and token. */
const operations = 2;

/** What a study takes at each size, from what runs took on this machine. @throws UserError as of `forecast` */
export async function shapeCosts({ study, shapes, chunks, cores, memory, gpuSpeed }: ScaleRequest, signal: AbortSignal): Promise<ShapeCost[]> {
  const costs: ShapeCost[] = [];
  for (const shape of shapes) {
    const plans = await Promise.all(cores.map((threads) => forecast({ study, shape, chunks, threads, memory }, signal)));
    const fewest = plans.reduce((least, plan) => (plan.threads < least.threads ? plan : least));
    const onCores = fewest.steps.filter(({ step }) => !evaluations.includes(step)).reduce((sum, { time }) => sum + time.seconds, 0);
    const evaluated = fewest.steps.filter(({ step }) => evaluations.includes(step)).reduce((sum, { work }) => sum + work, 0);
    costs.push({
      shape, model: fewest.model.bytes, disk: fewest.disk.peak, memory: fewest.memory?.bytes ?? 0, unknown: fewest.time.unknown,
      hours: new Map(plans.map(({ threads, time }) => [threads, time.seconds / 3600])),
      gpuHours: gpuSpeed && (onCores + (operations * evaluated) / gpuSpeed) / 3600,
    });
  }
  return costs;
}
