// Measures and trains in a process of its own (see rows.ts, training.ts, breakout/show.ts).
import "../index.ts";
import { answer } from "./answer.ts";
import { answerRequests } from "./processes.ts";

answerRequests(answer);
