import { writeFile } from "node:fs/promises";
import path from "node:path";
import { projectRoot } from "../harness/paths.ts";
import { fileFields } from "../harness/steps/registry.ts";
import { studyJsonSchema } from "../harness/study/schema.ts";

await writeFile(path.join(projectRoot, "studies", "study.schema.json"), `${JSON.stringify(studyJsonSchema(fileFields), null, 2)}\n`);
