//! Text that must not be seen: [`Secret`].

use std::fmt;

use zeroize::Zeroize;

/// Text that is never printed and is wiped from memory on drop.
///
/// It has no `Display` and no serialisation; `Debug` says only that it is there. The single way to
/// the text is [`Secret::expose`], so that every use can be found by that name.
///
/// ```
/// let secret = sanskey::Secret::new("wJalrXUtnFEMI");
/// assert_eq!(format!("{secret:?}"), "[redacted]");
/// assert_eq!(secret.expose(), "wJalrXUtnFEMI");
/// ```
#[derive(Clone, Default, PartialEq, Eq, Hash)]
pub struct Secret(String);

impl Secret {
    /// Takes the text over.
    pub fn new(text: impl Into<String>) -> Self {
        Self(text.into())
    }

    /// The text itself. Do not log it.
    pub fn expose(&self) -> &str {
        &self.0
    }

    /// Whether there is no text at all.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl Drop for Secret {
    // Once, and not in every place that drops a secret: that would be a tenth of the wasm module.
    #[inline(never)]
    fn drop(&mut self) {
        // Without a length all of it is spare, which is wiped at once, and not byte by byte.
        let mut bytes = std::mem::take(&mut self.0).into_bytes();
        bytes.clear();
        bytes.zeroize();
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(if self.is_empty() { "[empty]" } else { "[redacted]" })
    }
}

impl From<String> for Secret {
    fn from(text: String) -> Self {
        Self::new(text)
    }
}

impl From<&str> for Secret {
    fn from(text: &str) -> Self {
        Self::new(text)
    }
}
