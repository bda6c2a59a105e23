//! The parameters of a call, and the limits that AWS's service description sets them.

use std::collections::BTreeMap;

use serde_json::Value;

use super::answers::Refusal;
use crate::answers::Request;

/// The fields of a form, and those of the query: AWS takes them from either.
pub(super) struct Parameters(BTreeMap<String, String>);

impl Parameters {
    /// The fields of a request; those of a body that is not a form are not seen, and those that no action knows
    /// are not minded.
    pub(super) fn of(request: &Request) -> Self {
        let mut fields: BTreeMap<_, _> =
            form_urlencoded::parse(request.query.as_bytes()).into_owned().collect();
        let content_type = request.header("content-type").unwrap_or_default();
        let media_type = content_type.split(';').next().unwrap_or_default().trim();
        if media_type.eq_ignore_ascii_case("application/x-www-form-urlencoded") {
            fields.extend(form_urlencoded::parse(&request.body).into_owned());
        }
        Self(fields)
    }

    pub(super) fn text(&self, name: &str) -> Option<&str> {
        self.0.get(name).map(String::as_str)
    }

    /// The members of a list: `NAME.member.1` and so on, with what follows the number, until one is missing.
    pub(super) fn members(&self, name: &str, rest: &str) -> Vec<&str> {
        (1..).map_while(|number| self.text(&format!("{name}.member.{number}{rest}"))).collect()
    }
}

/// Collects what is wrong with a call: AWS tells all of it at once.
pub(super) struct Check<'p> {
    parameters: &'p Parameters,
    problems: Vec<String>,
}

/// How long a text may be and what it may hold.
pub(super) struct Form {
    pub(super) least: usize,
    pub(super) most: usize,
    /// The punctuation that is allowed beside letters, digits and `_`, and the pattern in which AWS says so.
    pub(super) pattern: Option<(&'static str, &'static str)>,
}

/// The name of a session, and the source identity.
pub(super) const NAME: Form = Form { least: 2, most: 64, pattern: Some(("+=,.@-", "[\\w+=,.@-]*")) };
/// The external id.
pub(super) const EXTERNAL_ID: Form =
    Form { least: 2, most: 1224, pattern: Some(("+=,.@:/-", "[\\w+=,.@:\\/-]*")) };
/// An ARN.
pub(super) const ARN: Form = Form { least: 20, most: 2048, pattern: None };
/// A session policy as text.
pub(super) const POLICY: Form = Form { least: 1, most: 2048, pattern: None };
/// A web identity token.
pub(super) const TOKEN: Form = Form { least: 4, most: 20_000, pattern: None };

impl<'p> Check<'p> {
    pub(super) fn new(parameters: &'p Parameters) -> Self {
        Self { parameters, problems: Vec::new() }
    }

    /// A text that has to be there.
    pub(super) fn required(&mut self, name: &str, form: &Form) -> &'p str {
        self.optional(name, form).unwrap_or_else(|| {
            self.problem(None, name, "Member must not be null");
            ""
        })
    }

    /// A text that may be there.
    pub(super) fn optional(&mut self, name: &str, form: &Form) -> Option<&'p str> {
        let value = self.parameters.text(name)?;
        self.text(name, value, form);
        Some(value)
    }

    /// A text that is there.
    pub(super) fn text(&mut self, name: &str, value: &str, form: &Form) {
        let length = value.chars().count();
        if let Some((punctuation, pattern)) = form.pattern
            && !value.chars().all(|c| c.is_ascii_alphanumeric() || c == '_' || punctuation.contains(c))
        {
            let rule = format!("Member must satisfy regular expression pattern: {pattern}");
            self.problem(Some(value), name, &rule);
        }
        if length < form.least {
            let rule = format!("Member must have length greater than or equal to {}", form.least);
            self.problem(Some(value), name, &rule);
        }
        if length > form.most {
            let rule = format!("Member must have length less than or equal to {}", form.most);
            self.problem(Some(value), name, &rule);
        }
    }

    /// A whole number between two bounds, both included.
    pub(super) fn number(&mut self, name: &str, least: i64, most: i64) -> Result<Option<i64>, Refusal> {
        let Some(text) = self.parameters.text(name) else { return Ok(None) };
        // The code and the text are inferred.
        let number: i64 =
            text.parse().map_err(|_| Refusal::sender(400, "MalformedInput", "Invalid Argument"))?;
        if number < least {
            let rule = format!("Member must have value greater than or equal to {least}");
            self.problem(Some(text), name, &rule);
        }
        if number > most {
            let rule = format!("Member must have value less than or equal to {most}");
            self.problem(Some(text), name, &rule);
        }
        Ok(Some(number))
    }

    /// Remembers what is wrong with a value; `None` stands for one that is missing. What is secret is not
    /// repeated.
    pub(super) fn problem(&mut self, value: Option<&str>, name: &str, rule: &str) {
        let value = match value {
            None => "null".to_owned(),
            // That AWS hides it in just this way is inferred.
            Some(_) if name == "WebIdentityToken" => "'***sensitive***'".to_owned(),
            Some(value) => format!("'{value}'"),
        };
        let mut field = name.to_owned();
        field[..1].make_ascii_lowercase();
        self.problems.push(format!("Value {value} at '{field}' failed to satisfy constraint: {rule}"));
    }

    /// All that was found, as one refusal.
    pub(super) fn finish(self) -> Result<(), Refusal> {
        if self.problems.is_empty() {
            return Ok(());
        }
        let errors = if self.problems.len() == 1 { "error" } else { "errors" };
        let message =
            format!("{} validation {errors} detected: {}", self.problems.len(), self.problems.join("; "));
        Err(validation(&message))
    }
}

/// A refusal of a value.
pub(super) fn validation(message: &str) -> Refusal {
    Refusal::sender(400, "ValidationError", message)
}

/// The session policy, if there is one, is JSON with statements; the ARNs of managed policies are ARNs.
pub(super) fn check_policies(parameters: &Parameters) -> Result<(), Refusal> {
    let malformed = |message: &str| Refusal::sender(400, "MalformedPolicyDocument", message);
    if let Some(policy) = parameters.text("Policy") {
        let policy: Value =
            serde_json::from_str(policy).map_err(|_| malformed("This policy contains invalid Json"))?;
        if policy.get("Statement").is_none() {
            return Err(malformed("Syntax errors in policy."));
        }
    }
    let managed = parameters.members("PolicyArns", ".arn");
    if managed.len() > 10 {
        // Inferred: the limit is documented, the text for it is not.
        return Err(validation("The number of policy ARNs exceeds the limit of 10."));
    }
    for arn in managed {
        if !(arn.starts_with("arn:") && arn.contains(":iam::") && arn.contains(":policy/")) {
            return Err(validation(&format!("ARN {arn} is not valid.")));
        }
    }
    Ok(())
}
