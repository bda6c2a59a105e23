import * as sanskey from "sanskey-wasm";
import { tokenSourceSoak } from "./support/token-source-soak.mjs";

tokenSourceSoak(sanskey);
