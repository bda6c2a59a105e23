//! The XML in which AWS STS answers.

use crate::{answers::Answer, random};

const NAMESPACE: &str = "https://sts.amazonaws.com/doc/2011-06-15/";

/// An element of an answer.
pub(super) struct Element {
    name: &'static str,
    content: Content,
}

enum Content {
    Text(String),
    Elements(Vec<Element>),
}

impl Element {
    pub(super) fn text(name: &'static str, text: &str) -> Self {
        Self { name, content: Content::Text(text.to_owned()) }
    }

    pub(super) fn of(name: &'static str, elements: Vec<Self>) -> Self {
        Self { name, content: Content::Elements(elements) }
    }

    fn write(&self, indent: usize, xml: &mut String) {
        let (space, name) = (" ".repeat(indent), self.name);
        match &self.content {
            Content::Text(text) => xml.push_str(&format!("{space}<{name}>{}</{name}>\n", escaped(text))),
            Content::Elements(elements) => {
                xml.push_str(&format!("{space}<{name}>\n"));
                for element in elements {
                    element.write(indent + 2, xml);
                }
                xml.push_str(&format!("{space}</{name}>\n"));
            }
        }
    }
}

/// What stands for itself in XML text, and what does not.
fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}

/// The answer to a call that succeeded.
pub(super) fn success(action: &str, elements: &[Element]) -> Answer {
    let id = request_id();
    let mut xml = format!("<{action}Response xmlns=\"{NAMESPACE}\">\n  <{action}Result>\n");
    for element in elements {
        element.write(4, &mut xml);
    }
    xml.push_str(&format!(
        "  </{action}Result>\n  <ResponseMetadata>\n    <RequestId>{id}</RequestId>\n  </ResponseMetadata>\n</{action}Response>\n"
    ));
    document(200, xml, &id)
}

fn document(status: u16, xml: String, id: &str) -> Answer {
    Answer { content_type: "text/xml".into(), ..Answer::text(status, xml) }
        .with_header("x-amzn-requestid", id)
}

/// A request id: a UUID of version 4 (RFC 9562).
fn request_id() -> String {
    random::uuid()
}

/// Why a call failed.
#[derive(Debug)]
pub(super) struct Refusal {
    status: u16,
    code: &'static str,
    message: String,
}

impl Refusal {
    /// The caller's fault, as all are here.
    pub(super) fn sender(status: u16, code: &'static str, message: &str) -> Self {
        Self { status, code, message: message.to_owned() }
    }

    pub(super) fn answer(&self) -> Answer {
        let id = request_id();
        let xml = format!(
            "<ErrorResponse xmlns=\"{NAMESPACE}\">\n  <Error>\n    <Type>Sender</Type>\n    <Code>{}</Code>\n    <Message>{}</Message>\n  \
             </Error>\n  <RequestId>{id}</RequestId>\n</ErrorResponse>\n",
            self.code,
            escaped(&self.message)
        );
        document(self.status, xml, &id)
    }
}
