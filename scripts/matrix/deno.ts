// What of the library runs in Deno: a model is read, and decides; then a worker's environment, where Node's modules are asked more of.
import { loadSpikingNetwork, makeEnvironment, policyOf } from "../../src/index.ts";

const network = await loadSpikingNetwork("models/cartpole-dqn-converted.safetensors");
const policy = policyOf(network);
const [action] = await policy.act(Float32Array.of(0.01, 0.02, 0.03, 0.04), 1);
console.log(`a model is read and decides: ${action}`);
const env = await makeEnvironment("CartPole-v1");
await env.reset({ seed: 1 });
await env.close();
console.log("an environment in Python is opened, reset and closed");
