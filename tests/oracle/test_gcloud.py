"""New configurations, compared with those that gcloud writes for the same parts on this machine."""

import os
import re
import shutil
import subprocess

import pytest
from sanskey import ConfigError, CredentialConfig, certificate_config, sources

GCLOUD = shutil.which("gcloud")
WORKLOAD = "projects/123456789012/locations/global/workloadIdentityPools/pool/providers/provider"
WORKFORCE = "locations/global/workforcePools/pool/providers/provider"
ACCOUNT = "app@project.iam.gserviceaccount.com"
BILLED = ["--workforce-pool-user-project=123"]
SAML = "urn:ietf:params:oauth:token-type:saml2"

pytestmark = pytest.mark.usefixtures("version")

OLDEST = 528
"""Older versions lack some of the flags, or write other members."""


@pytest.fixture(scope="module")
def version():
    if GCLOUD is None:
        pytest.skip("gcloud is not installed, so there is nothing to compare with")
    told = subprocess.run([GCLOUD, "version"], capture_output=True, text=True, timeout=120).stdout
    found = re.search(r"^Google Cloud SDK (\d+)", told, re.MULTILINE)
    if found is None or int(found[1]) < OLDEST:
        pytest.skip(f"gcloud is not of version {OLDEST} or newer, whose files are compared")


@pytest.fixture
def gcloud(tmp_path):
    """Runs gcloud with a home of its own. It has no use for a network here, and finds none."""
    nowhere = dict.fromkeys(("HTTP_PROXY", "HTTPS_PROXY", "http_proxy", "https_proxy"), "http://127.0.0.1:9")
    env = {
        **{name: value for name, value in os.environ.items() if not name.startswith(("CLOUDSDK_", "GOOGLE_"))},
        **nowhere,
        "CLOUDSDK_CONFIG": str(tmp_path / "home"),
        "CLOUDSDK_CORE_CHECK_GCE_METADATA": "false",
        "CLOUDSDK_CORE_DISABLE_PROMPTS": "1",
        "CLOUDSDK_CORE_DISABLE_USAGE_REPORTING": "true",
    }

    def run(provider, *flags):
        pools = "workforce-pools" if provider == WORKFORCE else "workload-identity-pools"
        output = tmp_path / "credentials.json"
        output.unlink(missing_ok=True)
        command = [GCLOUD, "iam", pools, "create-cred-config", provider, *flags, f"--output-file={output}"]
        done = subprocess.run(command, env=env, cwd=tmp_path, capture_output=True, text=True, timeout=120)
        return output.read_text() if done.returncode == 0 else None

    return run


WORKLOADS = {
    "aws": (["--aws", "--enable-imdsv2"], {"source": "aws"}),
    "aws without sessions": (["--aws"], {"source": sources.Aws(imdsv2=False)}),
    "azure": (["--azure"], {"source": "azure"}),
    "azure with an application": (["--azure", "--app-id-uri=api://app"], {"source": sources.Azure("api://app")}),
    "a service account": (
        ["--aws", "--enable-imdsv2", f"--service-account={ACCOUNT}", "--service-account-token-lifetime-seconds=7200"],
        {"source": "aws", "service_account": ACCOUNT, "token_lifetime_seconds": 7200},
    ),
    "another universe": (
        ["--aws", "--enable-imdsv2", "--universe-domain=s3nsapis.fr", f"--service-account={ACCOUNT}"],
        {"source": "aws", "universe_domain": "s3nsapis.fr", "service_account": ACCOUNT},
    ),
    "a program": (
        [
            "--executable-command=/bin/token --quiet",
            "--executable-timeout-millis=7000",
            "--executable-output-file=/tmp/out",
        ],
        {"source": sources.Executable("/bin/token --quiet", timeout=7, output_file="/tmp/out")},
    ),
}
BOTH = {
    "a file": (['--credential-source-file=/var/run/tökén "1"'], {"source": sources.File('/var/run/tökén "1"')}),
    "a file of text": (
        ["--credential-source-file=/token", "--credential-source-type=text"],
        {"source": sources.File("/token", format="text")},
    ),
    "a file of JSON": (
        ["--credential-source-file=/token", "--credential-source-type=json", "--credential-source-field-name=id"],
        {"source": sources.File("/token", json_field="id")},
    ),
    "SAML": (
        ["--credential-source-file=/token", f"--subject-token-type={SAML}"],
        {"source": sources.File("/token"), "subject_token_type": SAML},
    ),
    "a server": (
        [
            "--credential-source-url=http://169.254.169.254/token",
            "--credential-source-headers=Metadata=True,X-A=b",
            "--credential-source-type=json",
            "--credential-source-field-name=value",
        ],
        {"source": sources.Url("http://169.254.169.254/token", {"Metadata": "True", "X-A": "b"}, json_field="value")},
    ),
    "a program without settings": (["--executable-command=token"], {"source": sources.Executable("token")}),
}
WORKFORCES = {
    "a program that asks": (
        [
            "--executable-command=login",
            "--executable-output-file=/tmp/out",
            "--executable-interactive-timeout-millis=60000",
        ],
        {"source": sources.Executable("login", output_file="/tmp/out", interactive_timeout=60)},
    ),
}
CASES = [(f"workload: {name}", WORKLOAD, *case) for name, case in {**WORKLOADS, **BOTH}.items()]
CASES += [(f"workforce: {name}", WORKFORCE, *case) for name, case in {**BOTH, **WORKFORCES}.items()]


@pytest.mark.parametrize(("provider", "flags", "parts"), [case[1:] for case in CASES], ids=[case[0] for case in CASES])
def test_the_same_file(gcloud, provider, flags, parts):
    if provider == WORKFORCE:
        flags, parts = flags + BILLED, {**parts, "workforce_pool_user_project": "123"}
    text = gcloud(provider, *flags)
    assert text is not None, "gcloud refuses it"
    assert CredentialConfig.from_provider(provider, **parts).to_json() == text


def test_the_files_of_a_certificate(gcloud, tmp_path):
    location = tmp_path / "certificate_config.json"
    text = gcloud(
        WORKLOAD,
        "--credential-cert-path=/etc/cert.pem",
        "--credential-cert-private-key-path=/etc/kéy.pem",
        "--credential-cert-trust-chain-path=/etc/chain.pem",
        f"--credential-cert-configuration-output-file={location}",
        f"--service-account={ACCOUNT}",
    )
    assert text is not None, "gcloud refuses it"
    source = sources.Certificate(config_location=str(location), trust_chain_path="/etc/chain.pem")
    assert CredentialConfig.from_provider(WORKLOAD, source=source, service_account=ACCOUNT).to_json() == text
    assert certificate_config("/etc/cert.pem", "/etc/kéy.pem") == location.read_text()


SHORT_LIVED = {"source": "aws", "service_account": ACCOUNT, "token_lifetime_seconds": 599}


@pytest.mark.parametrize(
    ("flags", "parts"),
    [
        (["--aws", f"--service-account={ACCOUNT}", "--service-account-token-lifetime-seconds=599"], SHORT_LIVED),
        (
            ["--executable-command=token", "--executable-timeout-millis=4999"],
            {"source": sources.Executable("token", 4)},
        ),
    ],
    ids=["a lifetime", "a timeout"],
)
def test_what_gcloud_refuses_is_refused(gcloud, flags, parts):
    assert gcloud(WORKLOAD, *flags) is None
    with pytest.raises(ConfigError):
        CredentialConfig.from_provider(WORKLOAD, **parts)
