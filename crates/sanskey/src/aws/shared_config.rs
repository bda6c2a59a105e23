//! The text of the AWS configuration files, `~/.aws/config` and `~/.aws/credentials`.
//!
//! Source: <https://docs.aws.amazon.com/sdkref/latest/guide/file-format.html>. Where that page leaves
//! something open, botocore's reading decides, since the AWS CLI writes and reads the files with it.

use std::collections::BTreeSet;

use crate::secret::Secret;

/// One section: `[profile name]` and the settings below it.
#[derive(Debug)]
pub(crate) struct Section {
    /// What stands between the brackets.
    pub(crate) name: String,
    settings: Vec<(String, Secret)>,
}

/// Where a text cannot be read, and why: `is neither a section nor a setting`.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Problem {
    /// From 1.
    pub(crate) line: usize,
    pub(crate) what: &'static str,
}

impl Section {
    /// The value of a setting, unless it is empty or a block of settings of its own.
    pub(crate) fn get(&self, name: &str) -> Option<&Secret> {
        let (_, value) = self.settings.iter().find(|(each, _)| each == name)?;
        Some(value).filter(|value| !value.is_empty() && !value.expose().starts_with('\n'))
    }

    /// The words of the section's name: `profile` and `name`.
    pub(crate) fn words(&self) -> Vec<String> {
        crate::words::split(&self.name).unwrap_or_default()
    }
}

/// A section while it is read: the pieces of each value, a line each.
struct Draft<'a> {
    name: &'a str,
    settings: Vec<(String, Vec<&'a str>)>,
}

/// Reads a file. Lines that begin with `#` or `;` are comments. A line that is indented further than the
/// setting above it goes on with that setting's value, as the block below `s3 =` does.
pub(crate) fn parse(text: &str) -> Result<Vec<Section>, Problem> {
    let mut sections: Vec<Draft<'_>> = Vec::new();
    let mut names_of_sections = BTreeSet::new();
    let mut names_of_settings = BTreeSet::new();
    let mut indentation = 0;
    for (position, line) in text.trim_start_matches('\u{feff}').lines().enumerate() {
        let problem = |what| Problem { line: position.saturating_add(1), what };
        let content = line.trim();
        if content.is_empty() || content.starts_with(['#', ';']) {
            continue;
        }
        let indented_by = line.len().saturating_sub(line.trim_start().len());
        let setting_above = sections.last_mut().and_then(|section| section.settings.last_mut());
        if let Some((_, pieces)) = setting_above.filter(|_| indented_by > indentation) {
            pieces.push(content);
            continue;
        }
        indentation = indented_by;
        if content.starts_with('[') {
            let name = content.strip_prefix('[').and_then(|rest| rest.rsplit_once(']'));
            let (name, _) = name.ok_or_else(|| problem("has no closing bracket"))?;
            if !names_of_sections.insert(name) {
                return Err(problem("begins a section that is there already"));
            }
            names_of_settings.clear();
            sections.push(Draft { name, settings: Vec::new() });
            continue;
        }
        let (name, value) =
            content.split_once(['=', ':']).ok_or_else(|| problem("is neither a section nor a setting"))?;
        let name = name.trim_end().to_lowercase();
        let section = sections.last_mut().ok_or_else(|| problem("stands before the first section"))?;
        if name.is_empty() {
            return Err(problem("is a setting without a name"));
        }
        if !names_of_settings.insert(name.clone()) {
            return Err(problem("repeats a setting of its section"));
        }
        section.settings.push((name, vec![value.trim()]));
    }
    Ok(sections.into_iter().map(Section::from).collect())
}

impl From<Draft<'_>> for Section {
    fn from(draft: Draft<'_>) -> Self {
        let settings = draft.settings.into_iter();
        let settings = settings.map(|(name, pieces)| (name, Secret::new(pieces.join("\n"))));
        Self { name: draft.name.to_owned(), settings: settings.collect() }
    }
}
