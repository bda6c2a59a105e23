//! A token in a file. It is read anew on every exchange: whoever wrote it replaces it before it expires.

use super::{Proof, Subject, certificate, subject_token};
use crate::config::FileSource;
use crate::desk::{Desk, Flow, both};
use crate::error::{Error, ErrorCode, Stage, path_in_words};
use crate::goal::ActorToken;
use crate::secret::Secret;

/// The token, who acts for the workload, and the certificate for the connection, as far as they are configured.
pub(super) fn proof(desk: &mut Desk, source: &FileSource) -> Flow<Proof> {
    let ((token, actor), client_certificate) = both(
        tokens(desk, source),
        match &source.certificate {
            Some(source) => certificate::client_certificate(desk, source).map(Some),
            None => Ok(None),
        },
    )?;
    Ok(Proof { subject: Subject::Token(token), actor, client_certificate })
}

/// The tokens, with what surrounds them taken away.
fn tokens(desk: &mut Desk, source: &FileSource) -> Flow<(Secret, Option<ActorToken>)> {
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
    let invalid = |problem| {
        subject_token::invalid(&format!("The file {} {problem}.", path_in_words(&source.path))).about_ask(ID)
    };
    let token = subject_token::read(&source.format, &text).map_err(invalid)?;
    desk.keep_secret(&token);
    Ok((token, subject_token::read_actor(source.actor.as_ref(), &text).map_err(invalid)?))
}
