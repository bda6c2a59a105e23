//! Fresh, unguessable values: nothing that the emulator issues is ever the same twice.

use base64::{Engine, engine::general_purpose::STANDARD};

/// Upper-case letters and digits, as in AWS key ids.
const CAPITALS: &[u8; 32] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";

/// `length` bytes from the operating system.
fn bytes(length: usize) -> Vec<u8> {
    let mut bytes = vec![0; length];
    getrandom::fill(&mut bytes).expect("the operating system provides random bytes");
    bytes
}

/// `length` random capitals and digits.
pub(crate) fn capitals(length: usize) -> String {
    bytes(length).iter().map(|byte| char::from(CAPITALS[usize::from(byte % 32)])).collect()
}

/// Standard base64 of `length` random bytes, with its padding.
pub(crate) fn base64(length: usize) -> String {
    STANDARD.encode(bytes(length))
}

/// Lower-case hexadecimal digits of `length` random bytes.
pub(crate) fn hex(length: usize) -> String {
    use std::fmt::Write as _;
    bytes(length).iter().fold(String::new(), |mut text, byte| {
        let _ = write!(text, "{byte:02x}");
        text
    })
}

/// A UUID of version 4 (RFC 9562).
pub(crate) fn uuid() -> String {
    let mut bytes = bytes(16);
    bytes[6] = bytes[6] & 0x0f | 0x40;
    bytes[8] = bytes[8] & 0x3f | 0x80;
    let hex: String = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
    format!("{}-{}-{}-{}-{}", &hex[..8], &hex[8..12], &hex[12..16], &hex[16..20], &hex[20..])
}
