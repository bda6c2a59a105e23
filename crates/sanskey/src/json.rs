//! Texts on their way into a JSON body.

use zeroize::Zeroizing;

use crate::error::Error;

/// A text as JSON, in its quotes. What it was written from may be secret.
pub(crate) fn text(text: &str) -> Result<Zeroizing<String>, Error> {
    serde_json::to_string(text)
        .map(Zeroizing::new)
        .map_err(|_| Error::bug("A text could not be written as JSON."))
}

/// A list of texts.
pub(crate) fn texts(texts: &[impl AsRef<str>]) -> Result<String, Error> {
    let mut list = String::from("[");
    for (position, each) in texts.iter().enumerate() {
        if position > 0 {
            list.push(',');
        }
        list.push_str(&text(each.as_ref())?);
    }
    list.push(']');
    Ok(list)
}
