import { expect, it } from "vitest";
import { touchedFiles } from "../../harness/upstream/touchedFiles.ts";

it("every name in a patch's headers counts, of renames both", () => {
  expect(touchedFiles("diff --git a/tools/a.c b/ggml/b.c\nsimilarity index 90%\nrename from tools/a.c\nrename to ggml/b.c\n--- a/tools/a.c\n+++ b/ggml/b.c\n").sort()).toEqual(["ggml/b.c", "tools/a.c"]);
  expect(touchedFiles("diff --git a/src/new.c b/src/new.c\nnew file mode 100644\n--- /dev/null\n+++ b/src/new.c\n")).toEqual(["src/new.c"]);
});
