/**
 * Follows what ninja (`[3/20]`) or make (`[ 15%]`) print, line by line.
 *
 * @param report hears the part of the build that is done, 0…1, which never goes back
 */
export function followBuild(report: (fraction: number) => void): (line: string) => void {
  const within = new Set<string>();
  let most = 0;
  return (line) => {
    const [, step, project = ""] = /(Performing build step for|Performing install step for|No install step for|Completed) '(.+)'/.exec(line) ?? [];
    if (step && step !== "Performing build step for") within.delete(project);
    const fraction = within.size > 0 ? undefined : progress(line);
    if (fraction !== undefined && fraction >= most) report((most = fraction));
    // What it builds of another project, as Vulkan's generator of shaders, has a count of its own.
    if (step === "Performing build step for") within.add(project);
  };
}

function progress(line: string): number | undefined {
  const [, done, total, percent] = /^\[\s*(?:(\d+)\/(\d+)|(\d+)%)\]/.exec(line) ?? [];
  if (percent !== undefined) return Number(percent) / 100;
  return Number(total) > 0 ? Number(done) / Number(total) : undefined;
}
