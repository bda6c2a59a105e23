//! Credential Access Boundaries: on which buckets, in which roles and under which conditions a token can be used.
//!
//! Source: <https://cloud.google.com/iam/docs/downscoping-short-lived-credentials>. Of the conditions, a language of
//! its own, the emulator knows those that this page shows, joined by `||`:
//!
//! - `resource.name.startsWith('TEXT')`
//! - `api.getAttribute('storage.googleapis.com/objectListPrefix', '').startsWith('TEXT')`, where the attribute is
//!   empty, as nothing is listed here
//!
//! It refuses a boundary with any other condition, rather than to take it for something else.

use serde::Deserialize;
use serde_json::Value;

const MOST_RULES: usize = 10;
/// The reference of the STS method `token`, of the whole boundary.
const LONGEST: usize = 2048;

const BUCKET: &str = "//storage.googleapis.com/projects/_/buckets/";

/// What somebody does with an object.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Permission {
    Get,
    Create,
    Delete,
}

impl Permission {
    /// As IAM writes it.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Get => "storage.objects.get",
            Self::Create => "storage.objects.create",
            Self::Delete => "storage.objects.delete",
        }
    }
}

/// A boundary that was understood.
#[derive(Debug, Clone)]
pub(crate) struct Boundary {
    rules: Vec<Rule>,
    /// The same as it was given.
    pub(crate) source: Value,
}

#[derive(Debug, Clone)]
struct Rule {
    bucket: String,
    permissions: Vec<Permission>,
    /// The terms of the condition, of which one has to hold.
    condition: Option<Vec<Term>>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Term {
    NameStartsWith(String),
    ListPrefixStartsWith(String),
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct GivenBoundary {
    access_boundary_rules: Vec<GivenRule>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct GivenRule {
    available_resource: String,
    available_permissions: Vec<String>,
    availability_condition: Option<GivenCondition>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct GivenCondition {
    expression: String,
    #[serde(rename = "title")]
    _title: Option<String>,
    #[serde(rename = "description")]
    _description: Option<String>,
}

impl Boundary {
    /// Reads `{"accessBoundaryRules": […]}`, or tells what is wrong with it.
    pub(crate) fn of(source: Value) -> Result<Self, &'static str> {
        if source.to_string().chars().count() > LONGEST {
            return Err("the boundary is longer than 2048 characters");
        }
        let given = GivenBoundary::deserialize(&source).map_err(|_| "the boundary is not one")?;
        if !(1..=MOST_RULES).contains(&given.access_boundary_rules.len()) {
            return Err("the boundary has not one to ten rules");
        }
        let rules = given.access_boundary_rules.into_iter().map(Rule::of).collect::<Result<_, _>>()?;
        Ok(Self { rules, source })
    }

    /// Whether it lets this be done with an object.
    pub(crate) fn allows(&self, permission: Permission, bucket: &str, object: &str) -> bool {
        let name = format!("projects/_/buckets/{bucket}/objects/{object}");
        self.rules.iter().any(|rule| {
            rule.bucket == bucket
                && rule.permissions.contains(&permission)
                && rule.condition.as_ref().is_none_or(|terms| terms.iter().any(|term| term.holds(&name)))
        })
    }
}

impl Rule {
    fn of(given: GivenRule) -> Result<Self, &'static str> {
        let bucket = given
            .available_resource
            .strip_prefix(BUCKET)
            .filter(|name| !name.is_empty() && !name.contains('/'))
            .ok_or("an availableResource is not a bucket")?;
        if given.available_permissions.is_empty() {
            return Err("a rule has no availablePermissions");
        }
        let mut permissions = Vec::new();
        for permission in &given.available_permissions {
            let role = permission.strip_prefix("inRole:").filter(|role| role.contains("roles/"));
            permissions.extend(of_role(role.ok_or("a permission is not a role, inRole:roles/NAME")?));
        }
        let condition = given
            .availability_condition
            .map(|condition| {
                terms(&condition.expression).ok_or("the emulator does not know such a condition")
            })
            .transpose()?;
        Ok(Self { bucket: bucket.to_owned(), permissions, condition })
    }
}

/// What a role allows to be done with objects: <https://cloud.google.com/storage/docs/access-control/iam-roles>. Other
/// roles, which may exist, allow nothing here.
fn of_role(role: &str) -> &'static [Permission] {
    use Permission::{Create, Delete, Get};
    match role {
        "roles/storage.objectViewer"
        | "roles/storage.legacyObjectReader"
        | "roles/storage.legacyObjectOwner" => &[Get],
        "roles/storage.objectCreator" => &[Create],
        "roles/storage.objectUser" | "roles/storage.objectAdmin" | "roles/storage.admin" => {
            &[Get, Create, Delete]
        }
        "roles/storage.legacyBucketWriter" | "roles/storage.legacyBucketOwner" => &[Create, Delete],
        _ => &[],
    }
}

impl Term {
    fn holds(&self, name: &str) -> bool {
        match self {
            Self::NameStartsWith(prefix) => name.starts_with(prefix),
            Self::ListPrefixStartsWith(prefix) => prefix.is_empty(),
        }
    }
}

/// The terms of a condition, if the emulator knows all of them.
fn terms(expression: &str) -> Option<Vec<Term>> {
    let mut terms = Vec::new();
    let mut rest = expression;
    loop {
        let (term, after) = term(rest.trim_start())?;
        terms.push(term);
        rest = after.trim_start();
        if rest.is_empty() {
            return Some(terms);
        }
        rest = rest.strip_prefix("||")?;
    }
}

/// The term at the beginning of a text, and what comes after it.
fn term(text: &str) -> Option<(Term, &str)> {
    if let Some(rest) = text.strip_prefix("resource.name") {
        let (prefix, rest) = starts_with(rest)?;
        return Some((Term::NameStartsWith(prefix), rest));
    }
    let rest = text.strip_prefix("api.getAttribute(")?;
    let (name, rest) = literal(rest)?;
    let (default, rest) = literal(rest.trim_start().strip_prefix(',')?)?;
    if name != "storage.googleapis.com/objectListPrefix" || !default.is_empty() {
        return None;
    }
    let (prefix, rest) = starts_with(rest.trim_start().strip_prefix(')')?)?;
    Some((Term::ListPrefixStartsWith(prefix), rest))
}

/// `.startsWith('TEXT')`
fn starts_with(text: &str) -> Option<(String, &str)> {
    let (prefix, rest) = literal(text.strip_prefix(".startsWith(")?)?;
    Some((prefix, rest.trim_start().strip_prefix(')')?))
}

/// A text in quotes of either kind, without escapes.
fn literal(text: &str) -> Option<(String, &str)> {
    let text = text.trim_start();
    let quote = text.chars().next().filter(|first| ['\'', '"'].contains(first))?;
    let (literal, rest) = text[1..].split_once(quote)?;
    (!literal.contains(['\\', '\n'])).then(|| (literal.to_owned(), rest))
}

#[cfg(test)]
mod tests {
    use super::*;
    use Permission::{Create, Delete, Get};
    use serde_json::json;

    fn rule(changes: &Value) -> Value {
        let mut rule = json!({
            "availableResource": "//storage.googleapis.com/projects/_/buckets/a",
            "availablePermissions": ["inRole:roles/storage.objectViewer"],
        });
        rule.as_object_mut().unwrap().extend(changes.as_object().unwrap().clone());
        rule
    }

    fn boundary(rules: &[Value]) -> Result<Boundary, &'static str> {
        Boundary::of(json!({ "accessBoundaryRules": rules }))
    }

    fn under(expression: &str) -> Value {
        rule(
            &json!({ "availabilityCondition": { "expression": expression, "title": "t", "description": "d" } }),
        )
    }

    #[test]
    fn a_rule_is_for_its_bucket_and_its_roles() {
        let one = boundary(&[rule(&json!({}))]).unwrap();
        assert!(one.allows(Get, "a", "x"));
        assert!(!one.allows(Create, "a", "x"));
        assert!(!one.allows(Delete, "a", "x"));
        assert!(!one.allows(Get, "b", "x"));

        let with = |role: &str| {
            let roles = json!({ "availablePermissions": [format!("inRole:{role}")] });
            let boundary = boundary(&[rule(&roles)]).unwrap();
            [Get, Create, Delete].map(|permission| boundary.allows(permission, "a", "x"))
        };
        assert_eq!(with("roles/storage.objectCreator"), [false, true, false]);
        assert_eq!(with("roles/storage.objectAdmin"), [true, true, true]);
        assert_eq!(with("roles/storage.legacyBucketWriter"), [false, true, true]);
        assert_eq!(with("organizations/1/roles/own"), [false, false, false]);
    }

    #[test]
    fn one_of_several_rules_is_enough() {
        let other = json!({
            "availableResource": "//storage.googleapis.com/projects/_/buckets/b",
            "availablePermissions": ["inRole:roles/storage.objectCreator", "inRole:roles/storage.objectViewer"],
        });
        let both = boundary(&[rule(&json!({})), other]).unwrap();
        assert!(both.allows(Get, "a", "x") && both.allows(Get, "b", "x") && both.allows(Create, "b", "x"));
        assert!(!both.allows(Create, "a", "x"));
    }

    #[test]
    fn a_condition_is_about_the_name() {
        let public = "resource.name.startsWith('projects/_/buckets/a/objects/public/')";
        let list = "api.getAttribute('storage.googleapis.com/objectListPrefix', '').startsWith('public/')";
        for expression in [
            public.to_owned(),
            format!("{public} || {list}"),
            format!("{list}||{public}"),
            public.replace('\'', "\""),
            format!(" {public} || resource.name.startsWith( 'projects/_/buckets/a/objects/||' )"),
        ] {
            let boundary = boundary(&[under(&expression)]).expect(&expression);
            assert!(boundary.allows(Get, "a", "public/x"), "{expression}");
            assert!(!boundary.allows(Get, "a", "private/x"), "{expression}");
            assert!(!boundary.allows(Get, "a", "public"), "{expression}");
        }
    }

    #[test]
    fn other_conditions_are_refused() {
        for expression in [
            "",
            "true",
            "resource.name.endsWith('a')",
            "resource.name.startsWith(a)",
            "resource.name.startsWith('a)",
            "resource.name.startsWith('a\\'')",
            "resource.name.startsWith('a') &&",
            "resource.name.startsWith('a') && true",
            "resource.name.startsWith('a') ||",
            "!resource.name.startsWith('a')",
            "api.getAttribute('other', '').startsWith('a')",
            "api.getAttribute('storage.googleapis.com/objectListPrefix', 'b').startsWith('a')",
            "ä",
        ] {
            let problem = boundary(&[under(expression)]).expect_err(expression);
            assert_eq!(problem, "the emulator does not know such a condition", "{expression}");
        }
    }

    #[test]
    fn a_boundary_has_its_form() {
        let resource = |text: &str| rule(&json!({ "availableResource": text }));
        let permissions = |list: Value| rule(&json!({ "availablePermissions": list }));
        for rules in [
            vec![],
            vec![rule(&json!({})); 11],
            vec![resource("//storage.googleapis.com/projects/_/buckets/")],
            vec![resource("//storage.googleapis.com/projects/_/buckets/a/objects/b")],
            vec![resource("//pubsub.googleapis.com/projects/_/buckets/a")],
            vec![permissions(json!([]))],
            vec![permissions(json!(["roles/storage.objectViewer"]))],
            vec![permissions(json!(["inRole:storage.objectViewer"]))],
            vec![permissions(json!("inRole:roles/storage.objectViewer"))],
            vec![rule(&json!({ "availabilityCondition": {} }))],
            vec![rule(&json!({ "availabilityCondition": { "expression": 5 } }))],
            vec![rule(&json!({ "other": 5 }))],
            vec![resource(&format!("{BUCKET}{}", "a".repeat(LONGEST)))],
        ] {
            assert!(boundary(&rules).is_err(), "{rules:?}");
        }
        for value in [json!({}), json!([]), json!({ "accessBoundaryRules": 5 }), json!({ "a": [] })] {
            assert!(Boundary::of(value.clone()).is_err(), "{value}");
        }
        assert!(boundary(&vec![rule(&json!({})); 10]).is_ok());
    }
}
