/** What commands of Slurm's say when the controller, or the way to it, is busy or away: another time they will do. */
const words = [
  "Unable to contact slurm controller", "Connection refused", "Connection timed out", "Connection reset", "[Tt]imed out", "[Tt]imeout", "Unexpected message received", "Zero Bytes were transmitted",
  "[Tt]emporarily (?:unable|unavailable)", "Communication connection failure", "Transport endpoint", "backup controller", "slurm_receive_msg", "slurm_load_\\w+ error: (?:Unable|Zero|Socket|Unexpected|Insane|Message)",
  "munge", "Munge", "Protocol authentication error", "Incomplete internal data", "not done after \\d+ s",
];
const pattern = new RegExp(words.join("|"));

/** Whether what a command of Slurm's said on failing is no fault of what it was asked for. */
export function isTransient(said: string): boolean {
  return pattern.test(said);
}

/** Seconds between one try and the next: 1, 2, 4 … to a minute. */
export function pauseSeconds(tries: number): number {
  return Math.min(60, 2 ** tries);
}
