/** All error codes with whose turn it is. The same list as the core's, which a test compares it with. */
export const ERROR_CODES = {
  /** An ask was answered twice. */
  already_answered: "misuse",
  /** The answer of the container's credential endpoint is not what its protocol says. */
  aws_container_malformed: "remote",
  /** The container's credential endpoint refused the request. */
  aws_container_rejected: "remote",
  /** The authorization token for the container's credential endpoint is missing or cannot be sent. */
  aws_container_token_invalid: "config",
  /** The container's credential endpoint had no answer, after every try. */
  aws_container_unavailable: "remote",
  /** The address of the container's credential endpoint leads where credentials must not come from. */
  aws_container_url_refused: "config",
  /** The environment holds one half of an AWS access key. */
  aws_credentials_incomplete: "config",
  /** The environment holds AWS credentials that cannot be sent in a header. */
  aws_credentials_invalid: "config",
  /** No AWS credentials are in the environment, and the configuration names no place to ask for them. */
  aws_credentials_unavailable: "config",
  /** An endpoint of AWS that the environment names leads where credentials must not come from. */
  aws_endpoint_refused: "config",
  /** The `credential_process` of an AWS profile ended with an error. */
  aws_process_failed: "host",
  /** What the `credential_process` of an AWS profile wrote is not what its protocol says. */
  aws_process_malformed: "host",
  /** An AWS configuration file cannot be read. */
  aws_profile_file_invalid: "config",
  /** An AWS profile has settings that cannot work. */
  aws_profile_invalid: "config",
  /** There is no AWS profile of that name. */
  aws_profile_missing: "config",
  /** No AWS region is in the environment, and the configuration names no place to ask for it. */
  aws_region_unavailable: "config",
  /** What the environment or the metadata service gave is not the name of an AWS region or zone. */
  aws_region_unknown: "config",
  /** The metadata service knows no IAM role for this instance. */
  aws_role_missing: "remote",
  /** An AWS profile names a source of credentials that is not supported. */
  aws_source_unsupported: "config",
  /** The answer of IAM Identity Center is not what its protocol says. */
  aws_sso_malformed: "remote",
  /** IAM Identity Center refused to give credentials. */
  aws_sso_rejected: "remote",
  /** The token of the login to IAM Identity Center is missing, out of date or unreadable. */
  aws_sso_token_invalid: "config",
  /** IAM Identity Center had no answer, after every try. */
  aws_sso_unavailable: "remote",
  /** The answer of AWS's Security Token Service is not what its protocol says. */
  aws_sts_malformed: "remote",
  /** AWS's Security Token Service refused the request. */
  aws_sts_rejected: "remote",
  /** AWS's Security Token Service had no answer, after every try. */
  aws_sts_unavailable: "remote",
  /** The web identity token of this workload is missing or cannot be sent. */
  aws_web_identity_token_invalid: "config",
  /** A state that should be impossible: a defect of this library. */
  bug: "misuse",
  /** The workload's certificate, its chain or the file that names them is missing or cannot be used. */
  certificate_invalid: "config",
  /** A field of the configuration has a value that is not allowed. */
  config_field_invalid: "config",
  /** A required field of the configuration is missing. */
  config_field_missing: "config",
  /** The host found no configuration where it was told to look. */
  config_not_found: "config",
  /** The configuration is not a JSON object. */
  config_not_json: "config",
  /** The configuration names more than one source of the proof. */
  config_source_ambiguous: "config",
  /** The configuration names a source of the proof that is not supported. */
  config_source_unsupported: "config",
  /** The configuration is of another type than `external_account`. */
  config_type_unsupported: "config",
  /** A URL of the configuration leads to a host that it must not lead to. */
  config_url_refused: "config",
  /** The answer of Google's OAuth 2.0 token endpoint is not what its protocol says. */
  delegation_malformed: "remote",
  /** Google's OAuth 2.0 token endpoint refused to give a token for the person. */
  delegation_rejected: "remote",
  /** Google's OAuth 2.0 token endpoint had no answer, after every try. */
  delegation_unavailable: "remote",
  /** The program that gives the token ended with an error. */
  executable_failed: "host",
  /** What the program that gives the token wrote is not what its protocol says. */
  executable_malformed: "host",
  /** The configuration names a program, and the environment does not allow to run it. */
  executable_not_allowed: "config",
  /** The program that gives the token said that it has none. */
  executable_rejected: "host",
  /** The host was not allowed to do what was asked. */
  host_denied: "host",
  /** The host could not do what was asked. */
  host_failed: "host",
  /** The host got no answer in time. */
  host_timeout: "host",
  /** The host could not reach the server. */
  host_unreachable: "host",
  /** The host has no means to do what was asked. */
  host_unsupported: "host",
  /** The answer of the IAM Credentials API to a request for an ID token is not what its protocol says. */
  id_token_malformed: "remote",
  /** The IAM Credentials API refused to give an ID token. */
  id_token_rejected: "remote",
  /** The IAM Credentials API had no ID token, after every try. */
  id_token_unavailable: "remote",
  /** The metadata service's answer is not what its protocol says. */
  imds_malformed: "remote",
  /** The metadata service refused the request. */
  imds_rejected: "remote",
  /** The metadata service had no answer, after every try. */
  imds_unavailable: "remote",
  /** The answer of the IAM Credentials API is not what its protocol says. */
  impersonation_malformed: "remote",
  /** The IAM Credentials API refused to give a token for the service account. */
  impersonation_rejected: "remote",
  /** The IAM Credentials API had no answer, after every try. */
  impersonation_unavailable: "remote",
  /** An argument has a value that cannot work. */
  invalid_argument: "misuse",
  /** An address that the platform names leads where a proof of identity must not be sent. */
  platform_url_refused: "config",
  /** A server redirected the request. Redirects are never followed. */
  redirect_refused: "remote",
  /** A server's answer is larger than 1 MiB. */
  response_too_large: "remote",
  /** The answer of the IAM Credentials API to a request for a signature is not what its protocol says. */
  sign_malformed: "remote",
  /** The IAM Credentials API refused to sign. */
  sign_rejected: "remote",
  /** The IAM Credentials API had no signature, after every try. */
  sign_unavailable: "remote",
  /** The answer of Google's Security Token Service is not what its protocol says. */
  sts_malformed: "remote",
  /** Google's Security Token Service refused the proof. */
  sts_rejected: "remote",
  /** Google's Security Token Service had no answer, after every try. */
  sts_unavailable: "remote",
  /** The token of the workload is out of date. */
  subject_token_expired: "config",
  /** What should hold the token of the workload holds something else. */
  subject_token_invalid: "config",
  /** The answer of the server that gives the token is not what the configuration says. */
  subject_token_malformed: "remote",
  /** There is no token of the workload where it should be. */
  subject_token_missing: "config",
  /** The server that gives the token refused the request. */
  subject_token_rejected: "remote",
  /** The server that gives the token had no answer, after every try. */
  subject_token_unavailable: "remote",
  /** An answer was given to a question that was not asked. */
  unknown_ask: "misuse",
  /** An answer is of another kind than the question. */
  wrong_reply: "misuse",
} as const;

/** The stable name of one kind of failure. A code, once published, keeps its meaning. */
export type ErrorCode = keyof typeof ERROR_CODES;
