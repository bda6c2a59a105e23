"""Writes drawn cases for another language, a line of JSON each: python write_cases.py SEED USUAL_CASES FOLDER."""

import json
import sys
from dataclasses import asdict

import config_draws

seed, count, folder = sys.argv[1:]
for drawn, case in config_draws.cases(seed, int(count), folder):
    json.dump({"drawn": drawn, **asdict(case)}, sys.stdout)
    print()
