"""The committed vectors are the generated ones, and they cover what they must."""

import json

from vectorgen.folder import VECTORS, committed, files

# Codes that no exchange and no function can bring about.
WITHOUT_VECTOR = {
    "bug": "a defect; there is no input that is known to cause one",
    "config_not_found": "the hosts that look for the file say it, before there is a configuration",
}

# The GetCallerIdentity request of 2024-01-02T03:04:05Z, on which several existing clients agree.
REFERENCE_SIGNATURES = {
    "caller-identity-long-term-unsigned-target": "320db36d099c1cb677d290a58e60910f6f89bfcc1e404aca72a4281da10897f8",
    "caller-identity-long-term-signed-target": "3233143e0098aca2aba47d166ae051ed6afd2df7ace7fcf178dd8218a3dc78cc",
    "caller-identity-temporary-unsigned-target": "22d64316ed4a4746e46b8cf810274b279d8f1230b0af22dd5713e43314d89944",
    "caller-identity-temporary-signed-target": "5e20c94efd93756acc172cd954fbae3874f01fea2772b75c52a84a075644a2f2",
    "caller-identity-fips-service-sts": "08db39af75f913528533a6e7d66c9c895506f87af328483ee7da25fa23b6eb56",
    "caller-identity-fips-service-of-host": "1965092dc3336769dc3fb79b0b0f89ff16c66526e89f19fb25d2f6f446d6d23c",
}
ERROR_MEMBERS = {
    "code",
    "fault",
    "stage",
    "field",
    "ask_id",
    "status",
    "retryable",
    "error",
    "error_description",
}


def test_committed_vectors_are_the_generated_ones():
    generated = files()
    assert committed() == generated.keys(), "run python tests/oracle/generate_vectors.py"
    changed = [path for path, text in generated.items() if (VECTORS / path).read_text(encoding="utf-8") != text]
    assert not changed, "run python tests/oracle/generate_vectors.py"


def test_every_error_code_has_a_vector_with_its_fault():
    fault_of = {row["code"]: row["fault"] for row in codes()}
    shown = set()
    for path, vector in vectors().items():
        results = [call["result"] for call in vector["calls"]] if "calls" in vector else [vector["result"]]
        for error in (result["error"] for result in results if "error" in result):
            assert error.keys() - {"hint_contains"} == ERROR_MEMBERS, path
            assert error["fault"] == fault_of[error["code"]], path
            shown.add(error["code"])
    assert fault_of.keys() - WITHOUT_VECTOR.keys() == shown


def test_codes_are_sorted_and_unique():
    names = [row["code"] for row in codes()]
    assert names == sorted(set(names))


def test_at_least_25_exchanges_fail_on_the_way():
    failing = [path for path in vectors() if path.startswith("exchange/aws-failures/")]
    assert len(failing) >= 25


def test_exchanges_end_once_and_list_their_secrets():
    for path, vector in vectors().items():
        if not path.startswith("exchange/"):
            continue
        assert ("config" in vector) != ("config_text" in vector), path
        assert len(vector["result"].keys() - {"clock_skew_seconds"}) == 1, path
        assert vector["about"].endswith("."), path
        outcome = vector["result"].get("outcome", {})
        for secret in (
            outcome.get("token", {}).get("value"),
            outcome.get("jwt"),
            outcome.get("token", {}).get("refresh_token"),
        ):
            assert secret is None or not vector["rounds"] or secret in vector["secrets"], path


def test_reference_signatures():
    for name, signature in REFERENCE_SIGNATURES.items():
        vector = vectors()[f"sigv4/{name}.json"]
        assert vector["result"]["headers"]["authorization"].endswith(f"Signature={signature}")


def vectors():
    return {path: json.loads((VECTORS / path).read_text(encoding="utf-8")) for path in committed()}


def codes():
    return json.loads((VECTORS / "errors" / "codes.json").read_text(encoding="utf-8"))
