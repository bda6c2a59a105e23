//! A token in a file. It is read anew on every exchange: whoever wrote it replaces it before it expires.

use super::subject_token;
use crate::config::FileSource;
use crate::desk::{Desk, Flow};
use crate::error::{Error, ErrorCode, Stage, path_in_words};
use crate::secret::Secret;

/// The token, with what surrounds it taken away.
pub(super) fn token(desk: &mut Desk, source: &FileSource) -> Flow<Secret> {
    const ID: &str = "subject-token";
    let hint =
        "The file is the one of credential_source.file. Where files cannot be read, use another source.";
    let Some(text) = desk.file(ID, &source.path, hint)? else {
        return Err(Error::new(
            ErrorCode::SubjectTokenMissing,
            format!("There is no file {}.", path_in_words(&source.path)),
            "Correct credential_source.file, or see that the token is mounted or written there.",
        )
        .at(Stage::Source)
        .about_ask(ID)
        .into());
    };
    let token = subject_token::read(&source.format, &text).map_err(|problem| {
        subject_token::invalid(&format!("The file {} {problem}.", path_in_words(&source.path))).about_ask(ID)
    })?;
    desk.keep_secret(&token);
    Ok(token)
}
