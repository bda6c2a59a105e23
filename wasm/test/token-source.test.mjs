import * as sanskey from "sanskey-wasm";
import { tokenSourceTests } from "./support/token-source-tests.mjs";

tokenSourceTests(sanskey);
