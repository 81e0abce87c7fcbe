// Makes a finished run's chosen network one of the models that ship:
//   node --import ./scripts/register-ts.mjs scripts/ship-model.ts runs/<run> models/<name>.safetensors
import { loadModel, saveModel } from "../src/network/file/model.ts";

const [run, out] = process.argv.slice(2);
const { network, card } = await loadModel(`${run}/best.safetensors`);
if (!card?.score) throw new Error(`${run}/best.json has no score.`);
await saveModel(out, network, { ...card, part: undefined });
process.stdout.write(`${out}: ${card.environment}, ${card.score.mean} over ${card.score.episodes} episodes\n`);
