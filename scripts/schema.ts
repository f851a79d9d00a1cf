import { writeFile } from "node:fs/promises";
import path from "node:path";
import { progressJsonSchema } from "../harness/cli/jsonProgress.ts";
import { projectRoot } from "../harness/paths.ts";
import { fileFields } from "../harness/steps/registry.ts";
import { studyJsonSchema } from "../harness/study/schema.ts";

const schemas = { "study.schema.json": studyJsonSchema(fileFields), "progress.schema.json": progressJsonSchema() };

for (const [name, schema] of Object.entries(schemas)) await writeFile(path.join(projectRoot, "studies", name), `${JSON.stringify(schema, null, 2)}\n`);
