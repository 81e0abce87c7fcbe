// A worker: learns when the page says so.
import { serveTraining } from "../../index.ts";
import { ownThreads } from "../common/threads.ts";

ownThreads();
serveTraining();
