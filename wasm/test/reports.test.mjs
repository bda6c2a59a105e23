import * as sanskey from "sanskey-wasm";
import { reportTests } from "./support/report-tests.mjs";

reportTests(sanskey);
