import * as sanskey from "sanskey-wasm";
import { runVectors } from "./support/vectors.mjs";

runVectors(sanskey);
