//! JSON on its way out.
//!
//! `serde_json::Value` could do it, but owns all it holds, can hold floating-point numbers, and brings
//! the code for both: a quarter of the wasm module.

/// A JSON value made of what is there already.
pub(crate) enum Json<'a> {
    Bool(bool),
    List(Vec<Json<'a>>),
    Null,
    Number(i64),
    Object(Vec<(&'a str, Json<'a>)>),
    Owned(String),
    Text(&'a str),
}

impl<'a> From<&'a str> for Json<'a> {
    fn from(text: &'a str) -> Self {
        Self::Text(text)
    }
}

impl<'a> From<Option<&'a str>> for Json<'a> {
    fn from(text: Option<&'a str>) -> Self {
        text.map_or(Self::Null, Self::Text)
    }
}

impl<'a> FromIterator<Json<'a>> for Json<'a> {
    fn from_iter<I: IntoIterator<Item = Json<'a>>>(items: I) -> Self {
        Self::List(items.into_iter().collect())
    }
}

impl Json<'_> {
    pub(crate) fn write(&self) -> String {
        let mut text = String::new();
        self.write_to(&mut text);
        text
    }

    fn write_to(&self, text: &mut String) {
        match self {
            Self::Bool(true) => text.push_str("true"),
            Self::Bool(false) => text.push_str("false"),
            Self::List(items) => {
                for (position, item) in items.iter().enumerate() {
                    text.push(if position == 0 { '[' } else { ',' });
                    item.write_to(text);
                }
                text.push_str(if items.is_empty() { "[]" } else { "]" });
            }
            Self::Null => text.push_str("null"),
            Self::Number(number) => text.push_str(&number.to_string()),
            Self::Object(fields) => {
                for (position, (name, value)) in fields.iter().enumerate() {
                    text.push(if position == 0 { '{' } else { ',' });
                    write_string(text, name);
                    text.push(':');
                    value.write_to(text);
                }
                text.push_str(if fields.is_empty() { "{}" } else { "}" });
            }
            Self::Owned(string) => write_string(text, string),
            Self::Text(string) => write_string(text, string),
        }
    }
}

/// RFC 8259 section 7: what must be escaped, and nothing else.
fn write_string(text: &mut String, string: &str) {
    text.push('"');
    for c in string.chars() {
        match c {
            '"' => text.push_str("\\\""),
            '\\' => text.push_str("\\\\"),
            '\u{0}'..='\u{1f}' => {
                text.push_str("\\u00");
                text.extend(char::from_digit(u32::from(c) >> 4, 16));
                text.extend(char::from_digit(u32::from(c) & 15, 16));
            }
            _ => text.push(c),
        }
    }
    text.push('"');
}

#[cfg(test)]
mod tests {
    use super::Json;

    #[test]
    fn every_character_is_read_back_as_it_was() {
        for c in (0..=0x10_ffff).filter_map(char::from_u32) {
            let text = format!("a{c}b");
            let written = Json::Text(&text).write();
            assert_eq!(serde_json::from_str::<String>(&written).ok(), Some(text), "{written}");
        }
    }

    #[test]
    fn shapes() {
        let json = Json::Object(vec![
            (
                "list",
                Json::List(vec![Json::Number(-1), Json::Null, Json::List(vec![]), Json::Object(vec![])]),
            ),
            ("yes", Json::Bool(true)),
            ("no", Json::Bool(false)),
        ]);
        assert_eq!(json.write(), r#"{"list":[-1,null,[],{}],"yes":true,"no":false}"#);
    }
}
