"""Infrastructure as code: Terraform on EC2 or in CodeBuild manages Google Cloud.

Runs a command with an access token in GOOGLE_OAUTH_ACCESS_TOKEN, which the `google` provider and the `gcs` backend
read. The token is in no file, in no argument and in no log. It lives an hour; for longer applies, have the
configuration ask for more (`--service-account-token-lifetime-seconds`, if an organization policy allows it).

Needs
    on AWS      a role: the instance's, or the service role of the build; it needs no policy
    on Google   a workload identity pool with an AWS provider, and a service account which that role may impersonate,
                with the roles for whatever Terraform manages
    GOOGLE_APPLICATION_CREDENTIALS, the path of the credential configuration; it holds no secret

Run
    python terraform.py terraform apply -auto-approve
"""

import os
import sys

import sanskey

token = sanskey.fetch_token(sanskey.CredentialConfig.from_env())
os.execvpe(sys.argv[1], sys.argv[1:], {**os.environ, "GOOGLE_OAUTH_ACCESS_TOKEN": token.value})
