/** dsqn/notebook: what the cells of a notebook need besides the library: pictures that stand on their own, tables, episodes to look at. */
export { cartPoleEpisode, mountainCarEpisode } from "./acting.ts";
export { playEpisode, type Episode } from "./episode.ts";
export { figure } from "./figure.ts";
export { filmStrip, type Picture } from "./film-strip.ts";
export { membraneTrace } from "./membrane-trace.ts";
export { markdownTable, type Cell } from "./table.ts";
