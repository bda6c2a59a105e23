//! Command lines, split as a POSIX shell splits them. No shell is ever asked to.

/// The words of a command line: separated by blanks, joined by quotes and backslashes.
///
/// Nothing is expanded: `$`, `*`, `~`, `;` and `|` stand for themselves. `None` if a quote is not closed,
/// or if a backslash is the last character. Within double quotes a backslash only works before `"` and `\`.
///
/// Source: POSIX.1-2024, Shell Command Language, section 2.2 "Quoting".
pub(crate) fn split(line: &str) -> Option<Vec<String>> {
    let mut words = Vec::new();
    let mut word: Option<String> = None;
    let mut chars = line.chars();
    while let Some(c) = chars.next() {
        match c {
            ' ' | '\t' | '\r' | '\n' => words.extend(word.take()),
            '\'' => {
                let word = word.get_or_insert_default();
                loop {
                    match chars.next()? {
                        '\'' => break,
                        c => word.push(c),
                    }
                }
            }
            '"' => {
                let word = word.get_or_insert_default();
                loop {
                    match chars.next()? {
                        '"' => break,
                        '\\' => match chars.next()? {
                            c @ ('"' | '\\') => word.push(c),
                            c => word.extend(['\\', c]),
                        },
                        c => word.push(c),
                    }
                }
            }
            '\\' => word.get_or_insert_default().push(chars.next()?),
            c => word.get_or_insert_default().push(c),
        }
    }
    words.extend(word);
    Some(words)
}

#[cfg(test)]
mod tests {
    use super::split;

    #[test]
    fn splits_as_a_shell_does() {
        for (line, words) in [
            ("", Some(vec![])),
            ("  a\tb  c ", Some(vec!["a", "b", "c"])),
            (r#"a 'b c' "d e"f"#, Some(vec!["a", "b c", "d ef"])),
            (r#"'' "" x"#, Some(vec!["", "", "x"])),
            (r#""a\"b\\c\d" e\ f \'"#, Some(vec![r#"a"b\c\d"#, "e f", "'"])),
            ("$HOME *; a|b", Some(vec!["$HOME", "*;", "a|b"])),
            ("'open", None),
            ("\"open", None),
            ("end\\", None),
        ] {
            let expected = words.map(|words| words.into_iter().map(str::to_owned).collect::<Vec<_>>());
            assert_eq!(split(line), expected, "{line}");
        }
    }
}
