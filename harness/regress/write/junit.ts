import junit, { type Builder } from "junit-report-builder";
import type { RegressReport } from "../types.ts";

// The package exports the builder itself; its types promise it as a property.
const factory = junit as unknown as Builder;

/**
 * The report as JUnit XML: a test case for each check. A regression is a failure, what could not be
 * decided an error; warnings and notes are the case's output.
 */
export function junitXml({ release, date, fault, checks }: RegressReport): string {
  const builder = factory.newBuilder();
  const suite = builder.testSuite().name(`regress ${release}`).timestamp(date).time(checks.reduce((sum, { seconds }) => sum + seconds, 0));
  if (fault !== null) suite.testCase().className(`regress.${release}`).name("preparation").error("nothing could be compared", "undecided", printable(fault));
  for (const { name, title, verdict, figure, details, seconds } of checks) {
    const test = suite.testCase().className(`regress.${release}`).name(`${name}: ${title}`).time(seconds);
    const text = printable(details.join("\n"));
    if (verdict === "regressed") test.failure(printable(figure), "regressed").stacktrace(text);
    else if (verdict === "undecided") test.error(printable(figure), "undecided", text);
    test.standardOutput([printable(figure), ...(text ? [text] : [])].join("\n"));
  }
  return builder.build();
}

/** XML has no place for control characters, which programs print all the same. */
function printable(text: string): string {
  return text.replace(/[^\t\n\r\u0020-\uD7FF\uE000-\uFFFD\u{10000}-\u{10FFFF}]/gu, "\uFFFD");
}
