"""Signed URLs, drawn at random, are those of google-cloud-storage with the same signer."""

import base64
import json
import string

from draws import Draw
from sanskey._native import NativeExchange
from vectorgen import world
from vectorgen.service_account_cases import FILE, KEY_ID, SIGNATURE, of_google

CASES = 600
LAST_SECOND = 4102444800  # 2100
A_WEEK = 604800
UNICODE = "äßÿ€漢字🔑"
OBJECT_CHARACTERS = string.ascii_letters + string.digits + string.punctuation + " " + UNICODE
BUCKET_CHARACTERS = string.ascii_lowercase + string.digits
HEADER_NAMES = ["Content-Type", "content-md5", "Cache-Control", "x-goog-acl", "X-Goog-Meta-One", "x-goog-meta-two"]
PARAMETER_NAMES = ["generation", "response-content-type", "response-content-disposition", "userProject", "a", "Z", "ü"]
PRINTABLE = string.ascii_letters + string.digits + string.punctuation


def drawn_goal(draw):
    """Names of headers and parameters that are drawn together are never the same: Google's client takes a dict."""
    choose = draw.random.choice
    goal = {
        "goal": "sign_url",
        "method": choose(["GET", "HEAD", "PUT", "DELETE", "POST", "RESUMABLE"]),
        "bucket": draw.of(BUCKET_CHARACTERS, 1, 1) + draw.of(BUCKET_CHARACTERS + "-_", 1, 40) + "0",
        "object": draw.of(OBJECT_CHARACTERS, 1, 60),
        "expires_in": choose([1, A_WEEK, draw.random.randint(1, A_WEEK)]),
        "headers": [[name, drawn_value(draw)] for name in drawn_names(draw, HEADER_NAMES)],
        "query": [[name, draw.of(OBJECT_CHARACTERS, 0, 30)] for name in drawn_names(draw, PARAMETER_NAMES)],
    }
    match draw.random.randrange(4):
        case 0:
            goal["virtual_hosted"] = True
        case 1:
            goal["bucket_bound_host"] = choose(["https://cdn.example.com", "http://cdn.example.com:8080"])
    if draw.chance(0.1):
        goal["headers"].append(["X-Goog-Content-SHA256", draw.of("0123456789abcdef", 64, 64)])
    return goal


def drawn_names(draw, names):
    return draw.random.sample(names, draw.random.randint(0, 3))


def drawn_value(draw):
    """Words with one or more spaces between and around them."""
    words = [draw.of(PRINTABLE, 1, 12) for _ in range(draw.random.randint(1, 4))]
    spaces = [" " * draw.random.randint(1, 3) for _ in words]
    return "".join(space + word for space, word in zip(spaces, words, strict=True)) + draw.random.choice(["", " "])


def signed(goal, now):
    """What the account was asked to sign, and the URL, from the core with a played account."""
    exchange = NativeExchange(json.dumps(world.token_config(FILE, impersonate=True)), json.dumps(goal), "{}")
    asked = []
    for _round in range(10):
        step = json.loads(exchange.poll(now))
        if step["step"] == "done":
            (message,) = asked
            return message, step["outcome"]["url"]
        exchange.reply(json.dumps([answer(ask, asked) for ask in step["asks"]]))
    raise AssertionError("the exchange does not end")


def answer(ask, asked):
    match ask["id"]:
        case "sign-blob":
            asked.append(base64.b64decode(json.loads(ask["body"])["payload"]))
            body = {"keyId": KEY_ID, "signedBlob": base64.b64encode(SIGNATURE).decode()}
        case "sts":
            body = world.federated_answer()
        case _:
            return {"id": ask["id"], "reply": "file", "content": world.jwt({"sub": "somebody"})}
    return {"id": ask["id"], "reply": "http_response", "status": 200, "headers": [], "body": json.dumps(body)}


def test_drawn_urls(seed):
    for case in range(CASES):
        draw = Draw(seed, f"signed-url-{case}")
        goal, now = drawn_goal(draw), draw.random.randint(0, LAST_SECOND)
        message, url = of_google(goal, now)
        assert signed(goal, now) == (message, url), (seed, case, goal)
