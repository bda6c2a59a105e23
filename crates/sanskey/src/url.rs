//! The few things that must be known of a URL before anything is sent or signed.
//!
//! This reads a strict subset of RFC 3986 and refuses the rest: a URL that two parsers could read in
//! two ways is how a request ends up at a host that nobody checked. A general URL library would add
//! a third of its size again to the wasm module, for forms which are refused here anyway.

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, percent_encode_byte, utf8_percent_encode};

use crate::error::Error;

/// An `http` or `https` URL, split. Nothing is decoded.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct HttpUrl<'a> {
    pub(crate) https: bool,
    /// As written; an IPv6 address in its brackets.
    pub(crate) host: &'a str,
    pub(crate) port: Option<u16>,
    /// Empty, or beginning with `/`.
    pub(crate) path: &'a str,
    pub(crate) query: Option<&'a str>,
}

impl<'a> HttpUrl<'a> {
    /// Splits a URL, or says what is wrong with it (`has no host`).
    ///
    /// The authority has to be plain: letters, digits, `.` and `-` (or an IPv6 address in brackets)
    /// and a port. A user name, a fragment, a backslash or a control character is refused; the path
    /// and the query may hold any other character, since what is signed may be unencoded.
    pub(crate) fn split(url: &'a str) -> Result<Self, &'static str> {
        let (https, rest) = if let Some(rest) = url.strip_prefix("https://") {
            (true, rest)
        } else if let Some(rest) = url.strip_prefix("http://") {
            (false, rest)
        } else {
            return Err("does not begin with https:// or http://");
        };
        if !all_bytes(rest, |b| b.is_ascii_graphic() && b != b'\\' && b != b'#') {
            if rest.contains(|c: char| c.is_control() || c == '\\') {
                return Err("holds a control character or a backslash");
            }
            if rest.contains('#') {
                return Err("has a fragment");
            }
        }
        let authority_end = rest.find(['/', '?']).unwrap_or(rest.len());
        let (authority, target) = rest.split_at_checked(authority_end).unwrap_or((rest, ""));
        let (host, port) = split_authority(authority)?;
        let (path, query) = match target.split_once('?') {
            Some((path, query)) => (path, Some(query)),
            None => (target, None),
        };
        Ok(Self { https, host, port, path, query })
    }

    /// The value of the `host` header: lower case, the port only where it is not the default one.
    pub(crate) fn host_header(&self) -> String {
        let default = if self.https { 443 } else { 80 };
        let mut header = self.host.to_ascii_lowercase();
        if let Some(port) = self.port.filter(|port| *port != default) {
            header.push(':');
            header.push_str(&port.to_string());
        }
        header
    }

    /// Whether the host is this machine: 127.0.0.0/8, `[::1]` or `localhost`.
    pub(crate) fn is_loopback(&self) -> bool {
        let host = self.host.to_ascii_lowercase();
        matches!(&*host, "localhost" | "[::1]") || is_loopback_v4(&host)
    }
}

/// Refuses an argument that is not a URL which can be sent as it stands.
pub(crate) fn check_url(name: &str, url: &str) -> Result<(), Error> {
    let problem = match HttpUrl::split(url) {
        Err(problem) => problem,
        Ok(_) if !is_visible_ascii(url) => "has a space or a character outside ASCII",
        Ok(_) => return Ok(()),
    };
    Err(Error::invalid_argument(format!("The argument {name} {problem}.")))
}

/// Whether a text can stand in a header or a request line: not empty, no spaces, no controls.
pub(crate) fn is_visible_ascii(text: &str) -> bool {
    !text.is_empty() && all_bytes(text, |b| b.is_ascii_graphic())
}

/// Whether this holds for each byte. Without an early end many bytes are looked at at once, and what is asked here
/// is nearly always so.
#[inline]
pub(crate) fn all_bytes(text: &str, holds: impl Fn(u8) -> bool) -> bool {
    #[allow(clippy::needless_bitwise_bool)]
    text.bytes().fold(true, |so_far, byte| so_far & holds(byte))
}

fn is_loopback_v4(host: &str) -> bool {
    let mut bytes = host.split('.').map(|byte| byte.parse::<u8>().ok());
    bytes.next() == Some(Some(127)) && bytes.clone().count() == 3 && bytes.all(|byte| byte.is_some())
}

fn split_authority(authority: &str) -> Result<(&str, Option<u16>), &'static str> {
    let bracket_end = authority.find(']').map_or(0, |end| end.saturating_add(1));
    let port_colon = authority.get(bracket_end..).and_then(|tail| tail.find(':'));
    let (host, port) = match port_colon {
        Some(colon) => {
            let (host, colon_and_port) =
                authority.split_at_checked(bracket_end.saturating_add(colon)).unwrap_or((authority, ""));
            (host, colon_and_port.strip_prefix(':'))
        }
        None => (authority, None),
    };
    let is_name = !host.is_empty() && host.bytes().all(|b| b.is_ascii_alphanumeric() || b".-".contains(&b));
    // Whether the groups add up is left to whoever connects; what matters here is where the host ends.
    let is_ipv6 = host.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')).is_some_and(|inner| {
        !inner.is_empty() && inner.bytes().all(|b| b.is_ascii_hexdigit() || b".:".contains(&b))
    });
    if !is_name && !is_ipv6 {
        return Err(if host.is_empty() {
            "has no host"
        } else {
            "has a host with characters other than letters, digits, dots and hyphens"
        });
    }
    let port = match port {
        Some(digits) if !digits.starts_with('0') && digits.bytes().all(|b| b.is_ascii_digit()) => {
            Some(digits.parse().map_err(|_| "has a port that is not a number from 1 to 65535")?)
        }
        Some(_) => return Err("has a port that is not a number from 1 to 65535"),
        None => None,
    };
    Ok((host, port))
}

/// Everything but the unreserved characters of RFC 3986 section 2.3.
pub(crate) const RESERVED: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');

/// Percent-encodes all but the unreserved characters of RFC 3986, a space as `%20`.
pub(crate) fn encode(text: &str) -> impl Iterator<Item = &str> {
    utf8_percent_encode(text, RESERVED)
}

/// Appends a text, encoded as by [`encode`], in half the time: most of a subject token is made here.
pub(crate) fn push_encoded(target: &mut String, text: &str) {
    let mut rest = text;
    while let Some(at) = rest.bytes().position(is_reserved) {
        let (plain, reserved) = rest.split_at_checked(at).unwrap_or((rest, ""));
        target.push_str(plain);
        // The bytes of one character, which ends where the next text begins.
        let next = reserved.chars().next().map_or(0, char::len_utf8);
        let (character, after) = reserved.split_at_checked(next).unwrap_or((reserved, ""));
        for byte in character.bytes() {
            target.push_str(percent_encode_byte(byte));
        }
        rest = after;
    }
    target.push_str(rest);
}

fn is_reserved(byte: u8) -> bool {
    const TABLE: [bool; 256] = {
        let mut table = [true; 256];
        let mut byte = 0;
        while byte < 256 {
            #[allow(clippy::cast_possible_truncation, clippy::indexing_slicing)]
            // at most 255, and computed once
            {
                table[byte] = !matches!(byte as u8, b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~');
            }
            byte += 1;
        }
        table
    };
    TABLE.get(usize::from(byte)).copied().unwrap_or(true)
}

/// Appends `name=value` to a form (`application/x-www-form-urlencoded`), encoded so that it reads
/// the same to a server that takes `+` for a space and to one that does not.
#[inline(never)]
pub(crate) fn push_form_field(form: &mut String, name: &str, value: &str) {
    if !form.is_empty() {
        form.push('&');
    }
    push_encoded(form, name);
    form.push('=');
    push_encoded(form, value);
}

/// The value of a field in a form, as it stands there.
pub(crate) fn form_field<'a>(form: &'a str, name: &str) -> Option<&'a str> {
    form.split('&').find_map(|field| field.strip_prefix(name)?.strip_prefix('='))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::{any, proptest};

    proptest! {
        #[test]
        fn both_encoders_agree(text in any::<String>()) {
            let mut pushed = String::new();
            super::push_encoded(&mut pushed, &text);
            proptest::prop_assert_eq!(pushed, super::encode(&text).collect::<String>());
        }
    }
}
