import type { Panel } from "./panel.ts";
import type { FigureData } from "./data.ts";

/** A figure: what it is called, what it says, and how it is drawn. */
export interface Figure {
  /** File name without its ending, such as `figure-3.1.1`. */
  name: string;
  title: string;
  /** What to see in it, in a sentence or two, with numbers from the data. */
  caption: string;
  spec: Panel;
}

/** Makes a figure from a study's data; null when the study lacks what it shows. */
export type FigureDefinition = (data: FigureData) => Figure | null;
