import path from "node:path";
import { writeAtomic } from "../writeAtomic.ts";
import { z } from "zod";
import { UserError } from "../errors.ts";
import { readJson } from "../json.ts";
import { thisProject, type Project } from "./project.ts";

const hash = z.string().regex(/^[0-9a-f]{40}$/, "40 hexadecimal digits");

/**
 * What most releases can do: packed codes; statistics of divergence, and importance matrices, of the form
 * that is read here; second moments, and error feedback by them; own codes on other devices than the processor;
 * or options that llama-quantize and llama-perplexity have by these names.
 */
const feature = z.enum(["packed", "kl-divergence", "imatrix", "moments", "devices", "--tensor-type", "--device", "--ubatch-size", "--flash-attn"]);

/** Something that most releases can do. */
export type Feature = z.infer<typeof feature>;

const releaseSchema = z.strictObject({
  tag: z.string().regex(/^[A-Za-z0-9][A-Za-z0-9.-]*$/),
  date: z.iso.date(),
  commit: hash.nullable(),
  tree: hash,
  package: z.string().regex(/^(@[^@/]+\/)?[^@/]+@\d\S*$/, "name@version"),
  integrity: z.string().regex(/^sha512-[A-Za-z0-9+/]+=*$/, "sha512-…"),
  programs: z.record(z.string(), z.string()).optional(),
  cmake: z.record(z.string(), z.string()).optional(),
  lacks: z.array(feature).optional(),
});

const upstreamsSchema = z.strictObject({ pin: z.string(), releases: z.array(releaseSchema).min(1) });

/**
 * A release of llama.cpp: `tag`; `date` (YYYY-MM-DD); `commit`, upstream's, null where it could not
 * be compared with upstream's history; `tree`, the hash that its source must have; `package`, the
 * npm package (name@version) with the release's git bundle; `integrity`, of that package's tarball.
 * Where it differs from the pin: `programs`, today's program name → its name then; `cmake`, options
 * that its build needs (b2329 compiles its quantizers for the processor at hand, where fusing a
 * multiplication with an addition rounds some codes otherwise: it is switched off); `lacks`, what it
 * cannot do.
 */
export type Release = z.infer<typeof releaseSchema>;

/** What patches/upstreams.json holds: the releases known, oldest first, and the tag of the pinned one. */
type Upstreams = z.infer<typeof upstreamsSchema>;

/**
 * Reads patches/upstreams.json.
 *
 * @throws {UserError} missing, not JSON, or not of the right shape
 */
export async function upstreams(project: Project = thisProject()): Promise<Upstreams> {
  const file = path.join(project.root, "patches", "upstreams.json");
  const known = await readJson(file, upstreamsSchema, "restore it with git");
  const tags = known.releases.map(({ tag }) => tag);
  if (new Set(tags).size !== tags.length) throw new UserError(`${file}: a tag occurs twice among ${tags.join(", ")}.`);
  if (!tags.includes(known.pin)) throw new UserError(`${file}: the pin ${known.pin} is none of the releases ${tags.join(", ")}.`);
  return known;
}

/** Adds a release to patches/upstreams.json, in the place of its date. */
export async function addRelease(project: Project, added: Release): Promise<void> {
  const { releases, ...rest } = await upstreams(project);
  const later = releases.findIndex(({ date }) => date > added.date);
  const place = later < 0 ? releases.length : later;
  const content = { ...rest, releases: [...releases.slice(0, place), added, ...releases.slice(place)] };
  await writeAtomic(path.join(project.root, "patches", "upstreams.json"), `${JSON.stringify(content, null, 2)}\n`);
}

/**
 * The release by that tag; the pinned one by default.
 *
 * @throws {UserError} a tag that patches/upstreams.json does not know
 */
export async function releaseNamed(tag?: string, project: Project = thisProject()): Promise<Release> {
  const known = await upstreams(project);
  const wanted = tag ?? known.pin;
  const found = known.releases.find((candidate) => candidate.tag === wanted);
  if (found) return found;
  const tags = known.releases.map((candidate) => candidate.tag).join(", ");
  throw new UserError(`Release ${wanted} of llama.cpp is not known. Known are ${tags} (patches/upstreams.json); \`npm run patches -- new-release TAG\` adds one.`);
}
