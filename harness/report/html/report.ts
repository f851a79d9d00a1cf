import { stepsOfCell } from "../../steps/registry.ts";
import { figureBasis, type Drawing, type StudyFigures } from "../figures/reports.ts";
import type { Results } from "../load.ts";
import { settingsOf } from "../manifest.ts";
import { type Report, recordsOf } from "../report.ts";
import { pageParts } from "./parts.ts";

/** Raised whenever the same records and parts give another page. */
const version = 4;

/** The page of a results folder, with all of its figures. */
export function pageReport(results: Results, figures: StudyFigures, { all }: Drawing): Report {
  return {
    name: "report.html",
    kind: "file",
    basis: [
      version, pageParts(), results.folder, settingsOf(results), recordsOf(results, stepsOfCell.map(({ name }) => name)),
      [...figures.thesis, ...figures.others].map(figureBasis),
    ],
    async make() {
      const { renderPage } = await import("./page.ts");
      const { pageTokens } = await import("./tokens.ts");
      return [{ name: "report.html", content: renderPage(results, await all(figures), await pageTokens(results)) }];
    },
  };
}
