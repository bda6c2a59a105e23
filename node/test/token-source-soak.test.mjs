import * as sanskey from "sanskey";
import { tokenSourceSoak } from "../../wasm/test/support/token-source-soak.mjs";

tokenSourceSoak(sanskey);
