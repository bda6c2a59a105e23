import * as sanskey from "sanskey";
import { tokenSourceTests } from "../../wasm/test/support/token-source-tests.mjs";

tokenSourceTests(sanskey);
