//! AWS STS: roles, chains of them, and who may assume them.

use crate::{
    sts::{HUB, SPOKE, assert_refused, element, issued, lifetime, signed},
    support::{Signing, exchange, start},
};
use sanskey_emulator::{AwsKey, Emulator, Role, Running, Settings, Trust};
use std::time::Duration;

const EXTERNAL_ID: (&str, &str) = ("ExternalId", "sanskey-external-id");

fn assume(
    running: &Running,
    key: &AwsKey,
    role: &str,
    parameters: &[(&str, &str)],
) -> crate::support::Answer {
    let fixed = [("RoleArn", role), ("RoleSessionName", "sanskey")];
    signed(running, key, "AssumeRole", &[&fixed, parameters].concat())
}

#[track_caller]
fn assert_not_authorized(answer: &crate::support::Answer, caller: &str, role: &str) {
    let message = format!("User: {caller} is not authorized to perform: sts:AssumeRole on resource: {role}");
    assert_refused(answer, 403, "AccessDenied", &message);
}

#[test]
fn a_chain_of_two_roles_leads_to_the_second() {
    let running = start(Settings::default());
    let hub = assume(&running, &running.issue_role_key(), HUB, &[]);

    assert!(hub.body.starts_with(
        "<AssumeRoleResponse xmlns=\"https://sts.amazonaws.com/doc/2011-06-15/\">\n  <AssumeRoleResult>\n    \
         <AssumedRoleUser>\n      <Arn>arn:aws:sts::123456789012:assumed-role/sanskey-hub-role/sanskey</Arn>"
    ), "{}", hub.body);
    assert!(element(&hub, "AssumedRoleId").ends_with(":sanskey"));
    assert!((3590..=3600).contains(&lifetime(&hub)));
    let hub = issued(&hub);
    let spoke = issued(&assume(&running, &hub, SPOKE, &[EXTERNAL_ID]));
    let identity = signed(&running, &spoke, "GetCallerIdentity", &[]);
    assert_eq!(
        element(&identity, "Arn"),
        "arn:aws:sts::123456789012:assumed-role/sanskey-spoke-role/sanskey"
    );

    let token = Signing::honest(&spoke, &running.settings().audience).envelope().subject_token();
    assert_eq!(exchange(&running, &token).status, 200, "Google knows the key as well");
}

#[test]
fn a_role_trusts_only_whom_it_names() {
    let running = start(Settings::default());
    let instance = running.issue_role_key();
    let hub = issued(&assume(&running, &instance, HUB, &[]));
    let hub_arn = "arn:aws:sts::123456789012:assumed-role/sanskey-hub-role/sanskey";

    assert_not_authorized(&assume(&running, &instance, SPOKE, &[EXTERNAL_ID]), &instance.arn, SPOKE);
    assert_not_authorized(&assume(&running, &hub, SPOKE, &[]), hub_arn, SPOKE);
    assert_not_authorized(&assume(&running, &hub, SPOKE, &[("ExternalId", "other")]), hub_arn, SPOKE);
    let unknown = "arn:aws:iam::123456789012:role/unknown";
    assert_not_authorized(&assume(&running, &instance, unknown, &[]), &instance.arn, unknown);
    assert_not_authorized(
        &assume(&running, &instance, crate::sts::IRSA, &[]),
        &instance.arn,
        crate::sts::IRSA,
    );
    assert_eq!(
        assume(&running, &instance, HUB, &[EXTERNAL_ID]).status,
        200,
        "an id that is not asked for is not minded"
    );
}

#[test]
fn roles_of_other_accounts_and_partitions_have_their_own_arn() {
    let role = "arn:aws-cn:iam::210987654321:role/team/other";
    let settings = Settings::default();
    let roles = vec![
        Role::new(role, Trust::Role("sanskey-demo-role".to_owned())),
        Role::new("third", Trust::Role(role.to_owned())),
    ];
    let running = start(Settings { roles, ..settings });
    let other = issued(&assume(&running, &running.issue_role_key(), role, &[]));
    let identity = signed(&running, &other, "GetCallerIdentity", &[]);

    assert_eq!(element(&identity, "Arn"), "arn:aws-cn:sts::210987654321:assumed-role/other/sanskey");
    assert_eq!(element(&identity, "Account"), "210987654321");
    let third = assume(&running, &other, "arn:aws:iam::123456789012:role/third", &[]);
    assert_eq!(third.status, 200, "{}", third.body);
}

#[test]
fn durations_have_three_limits() {
    let short = Role { longest_session: Duration::from_hours(1), ..Role::new("short", Trust::Account) };
    let roles = [Settings::default().roles, vec![short]].concat();
    let running = start(Settings { roles, ..Settings::default() });
    let (user, instance) = (running.issue_user_key("ana"), running.issue_role_key());
    let lasting = |key: &AwsKey, role: &str, seconds: &str| {
        assume(&running, key, role, &[("DurationSeconds", seconds)])
    };

    for seconds in [900, 43_200] {
        let left = lifetime(&lasting(&user, HUB, &seconds.to_string()));
        assert!((seconds - 10..=seconds).contains(&left), "{left}");
    }
    for (seconds, rule) in [
        ("899", "Member must have value greater than or equal to 900"),
        ("43201", "Member must have value less than or equal to 43200"),
    ] {
        let message = format!(
            "1 validation error detected: Value '{seconds}' at 'durationSeconds' failed to satisfy constraint: {rule}"
        );
        assert_refused(&lasting(&user, HUB, seconds), 400, "ValidationError", &message);
    }
    let message = "The requested DurationSeconds exceeds the MaxSessionDuration set for this role.";
    let short = "arn:aws:iam::123456789012:role/short";
    assert_refused(&lasting(&user, short, "3601"), 400, "ValidationError", message);
    let message =
        "The requested DurationSeconds exceeds the 1 hour session limit for roles assumed by role chaining";
    assert_refused(&lasting(&instance, HUB, "3601"), 400, "ValidationError", message);
    assert_eq!(lasting(&instance, HUB, "3600").status, 200);
}

#[test]
fn root_assumes_no_role() {
    let running = start(Settings::default());
    let answer = assume(&running, &running.issue_root_key(), HUB, &[]);

    assert_refused(&answer, 403, "AccessDenied", "Roles may not be assumed by root accounts.");
}

#[test]
fn every_text_has_its_form() {
    let running = start(Settings::default());
    let key = running.issue_role_key();
    let with = |parameters: &[(&str, &str)]| signed(&running, &key, "AssumeRole", parameters);
    let refused = |parameters: &[(&str, &str)], message: &str| {
        assert_refused(&with(parameters), 400, "ValidationError", message);
    };
    let good = [("RoleArn", HUB), ("RoleSessionName", "sanskey")];

    refused(
        &[],
        "2 validation errors detected: Value null at 'roleArn' failed to satisfy constraint: Member must not be null; \
         Value null at 'roleSessionName' failed to satisfy constraint: Member must not be null",
    );
    refused(
        &[good[0], ("RoleSessionName", "two words")],
        "1 validation error detected: Value 'two words' at 'roleSessionName' failed to satisfy constraint: Member must \
         satisfy regular expression pattern: [\\w+=,.@-]*",
    );
    refused(
        &[good[0], ("RoleSessionName", "x")],
        "1 validation error detected: Value 'x' at 'roleSessionName' failed to satisfy constraint: Member must have \
         length greater than or equal to 2",
    );
    let long = "n".repeat(65);
    refused(
        &[good[0], ("RoleSessionName", &long)],
        &format!(
            "1 validation error detected: Value '{long}' at 'roleSessionName' failed to satisfy constraint: Member must \
             have length less than or equal to 64"
        ),
    );
    assert_eq!(with(&[good[0], ("RoleSessionName", &"n".repeat(64))]).status, 200);
    assert_eq!(with(&[good[0], ("RoleSessionName", "a+=,.@-_9")]).status, 200);
    refused(&[("RoleArn", "arn:aws:iam::123456789012:user/ana"), good[1]], "Request ARN is invalid");
    refused(
        &[("RoleArn", "sanskey"), good[1]],
        "1 validation error detected: Value 'sanskey' at 'roleArn' failed to satisfy constraint: Member must have length \
         greater than or equal to 20",
    );
    refused(
        &[good[0], good[1], ("ExternalId", "a b")],
        "1 validation error detected: Value 'a b' at 'externalId' failed to satisfy constraint: Member must satisfy \
         regular expression pattern: [\\w+=,.@:\\/-]*",
    );
    refused(
        &[good[0], good[1], ("SourceIdentity", "a:b")],
        "1 validation error detected: Value 'a:b' at 'sourceIdentity' failed to satisfy constraint: Member must satisfy \
         regular expression pattern: [\\w+=,.@-]*",
    );
    assert_eq!(with(&[good[0], good[1], ("ExternalId", "a:b/c")]).status, 200);
}

#[test]
fn policies_are_json_with_statements() {
    let running = start(Settings::default());
    let key = running.issue_role_key();
    let with = |policy: &str| assume(&running, &key, HUB, &[("Policy", policy)]);
    let statement = r#"{"Version": "2012-10-17", "Statement": []}"#;

    let answer = with(statement);
    assert_eq!(answer.status, 200, "{}", answer.body);
    assert_eq!(element(&answer, "PackedPolicySize"), "6");
    assert_refused(&with("{"), 400, "MalformedPolicyDocument", "This policy contains invalid Json");
    assert_refused(&with("{}"), 400, "MalformedPolicyDocument", "Syntax errors in policy.");
    let padded = |length: usize| format!("{statement}{}", " ".repeat(length - statement.len()));
    assert_eq!(with(&padded(2048)).status, 200);
    assert_eq!(element(&with(&padded(2049)), "Code"), "ValidationError");

    let managed = |arn: &str| assume(&running, &key, HUB, &[("PolicyArns.member.1.arn", arn)]);
    assert_eq!(managed("arn:aws:iam::aws:policy/ReadOnlyAccess").status, 200);
    assert_refused(&managed("ReadOnlyAccess"), 400, "ValidationError", "ARN ReadOnlyAccess is not valid.");
    let names: Vec<_> = (1..=11).map(|number| format!("PolicyArns.member.{number}.arn")).collect();
    let many: Vec<_> =
        names.iter().map(|name| (name.as_str(), "arn:aws:iam::aws:policy/ReadOnlyAccess")).collect();
    let message = "The number of policy ARNs exceeds the limit of 10.";
    assert_refused(&assume(&running, &key, HUB, &many), 400, "ValidationError", message);
    assert_eq!(assume(&running, &key, HUB, &many[..10]).status, 200);
}

#[test]
fn a_source_identity_stays_for_the_whole_chain() {
    let running = start(Settings::default());
    let hub = assume(&running, &running.issue_role_key(), HUB, &[("SourceIdentity", "ana")]);
    assert_eq!(element(&hub, "SourceIdentity"), "ana");
    let hub = issued(&hub);

    let same = assume(&running, &hub, SPOKE, &[EXTERNAL_ID]);
    assert_eq!(element(&same, "SourceIdentity"), "ana");
    let other = assume(&running, &hub, SPOKE, &[EXTERNAL_ID, ("SourceIdentity", "eva")]);
    let message = format!(
        "User: arn:aws:sts::123456789012:assumed-role/sanskey-hub-role/sanskey is not authorized to perform: \
         sts:SetSourceIdentity on resource: {SPOKE}"
    );
    assert_refused(&other, 403, "AccessDenied", &message);
}

#[test]
fn settings_that_cannot_work_are_refused() {
    for settings in [
        Settings { roles: vec![Role::new("", Trust::Account)], ..Settings::default() },
        Settings { roles: vec![Role::new("arn:aws:iam::1:role/a", Trust::Account)], ..Settings::default() },
        Settings { roles: vec![Role::new("a", Trust::Role(String::new()))], ..Settings::default() },
        Settings { pod_issuer: "http://a".to_owned(), ..Settings::default() },
        Settings { outbound_issuer: "a".to_owned(), ..Settings::default() },
    ] {
        assert!(Emulator::start(settings.clone()).is_err(), "{settings:?}");
    }
}
