//! The desk at which a flow works: it asks, and reads the replies that have come.
//!
//! A flow is a plain function, run from the top on every poll. A call such as
//! `desk.http("aws-region", …)?` gives the answer if it has come; otherwise the question is put on
//! the desk, once, and the flow leaves early with [`Leave::Waiting`].

use std::time::Duration;

use percent_encoding::percent_decode_str;

use crate::ask::{Action, Ask, CommandOutput, HostFailure, HostFailureKind, Reply};
use crate::error::{Error, ErrorCode, Stage, on_one_line};
use crate::http::{HttpRequest, HttpResponse};
use crate::memory::{Kept, Memory, digest};
use crate::secret::Secret;
use crate::server::Server;
use crate::time::UnixTime;
use crate::url::{encode, form_field};

/// Why a flow did not come to its end.
#[derive(Debug)]
pub(crate) enum Leave {
    /// It cannot.
    Failed(Error),
    /// Replies are missing.
    Waiting,
}

impl From<Error> for Leave {
    fn from(error: Error) -> Self {
        Self::Failed(error)
    }
}

/// What a step of a flow comes to.
pub(crate) type Flow<T> = Result<T, Leave>;

/// Two steps that do not need each other, so that their asks are in one round.
pub(crate) fn both<A, B>(a: Flow<A>, b: Flow<B>) -> Flow<(A, B)> {
    match (a, b) {
        (Ok(a), Ok(b)) => Ok((a, b)),
        (Err(Leave::Failed(error)), _) | (_, Err(Leave::Failed(error))) => Err(Leave::Failed(error)),
        (Err(Leave::Waiting), _) | (_, Err(Leave::Waiting)) => Err(Leave::Waiting),
    }
}

/// Builds a request for this time.
pub(crate) type Build<'b> = &'b dyn Fn(UnixTime) -> Result<HttpRequest, Error>;

/// All asks of one exchange and the replies to them, in the order of asking.
#[derive(Debug)]
pub(crate) struct Desk {
    entries: Vec<Entry>,
    now: UnixTime,
    /// Seconds to add to `now` in what is signed, since a server has rejected the date.
    clock_correction: i64,
    entropy: Vec<u8>,
    secrets: Vec<Secret>,
    /// What is known from before, as it is for the whole exchange; none for an exchange that stands alone.
    known: Option<Memory>,
    /// When the exchange began.
    began_at: Option<UnixTime>,
    /// What the next one need not ask.
    pub(crate) learned: Memory,
    has_recalled: bool,
}

#[derive(Debug)]
struct Entry {
    ask: Ask,
    /// The time of the poll that it was first asked in.
    asked_at: UnixTime,
    reply: Option<Reply>,
    /// The time of the first poll that saw the reply.
    seen_at: Option<UnixTime>,
}

/// The id of an ask, the step that it belongs to, and which try of it it is.
struct Try<'a>(&'a str, &'a str, u32);

impl<'a> Try<'a> {
    fn only(id: &'a str) -> Self {
        Self(id, id, 1)
    }
}

/// What the host found in its environment.
#[derive(Debug, Default)]
pub(crate) struct Env(Vec<(String, Secret)>);

impl Env {
    pub(crate) fn get(&self, name: &str) -> Option<&Secret> {
        let (_, value) = self.0.iter().find(|(each, _)| each == name)?;
        Some(value).filter(|value| !value.is_empty())
    }
}

/// A response, which ask it answers, and when it was seen.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) ask_id: String,
    pub(crate) response: HttpResponse,
    pub(crate) seen_at: UnixTime,
}

impl Answer {
    /// A time that the server has told, by the host's clock. They differ by what the answer's own date says or, if it
    /// has none, by `correction`; differences of less than a minute are left alone.
    pub(crate) fn on_the_hosts_clock(&self, time: UnixTime, correction: Option<i64>) -> UnixTime {
        let has_date = self.response.header("date").and_then(UnixTime::from_http_date).is_some();
        // A date that agrees says that there is nothing to correct by now.
        let skew = if has_date { self.clock_skew(0) } else { correction };
        time.shifted(skew.unwrap_or(0).saturating_neg())
    }

    /// By how many seconds the server's clock is ahead of the host's, if that differs from `correction` by a minute
    /// or more. Whoever is that far off is off for all signatures.
    fn clock_skew(&self, correction: i64) -> Option<i64> {
        const LEAST: u64 = 60;
        // A clock that is further off would not let TLS be spoken. No server gets signatures for other times.
        const MOST: u64 = 86_400;
        let date = UnixTime::from_http_date(self.response.header("date")?)?;
        let skew = date.as_seconds().saturating_sub(self.seen_at.as_seconds());
        (skew.abs_diff(correction) >= LEAST && skew.unsigned_abs() <= MOST).then_some(skew)
    }
}

impl Desk {
    pub(crate) fn new(entropy: Vec<u8>) -> Self {
        Self {
            entries: Vec::new(),
            now: UnixTime::from_seconds(0),
            clock_correction: 0,
            entropy,
            secrets: Vec::new(),
            known: None,
            began_at: None,
            learned: Memory::default(),
            has_recalled: false,
        }
    }

    /// The same desk, of somebody who remembers.
    pub(crate) fn knowing(self, memory: Memory) -> Self {
        Self { known: Some(memory), ..self }
    }

    /// What is remembered, if it is for these circumstances and was good when the exchange began: it is the
    /// same on every run of the flow.
    pub(crate) fn recall<T: Clone>(
        &mut self,
        circumstances: Option<&str>,
        thing: impl Fn(&Memory) -> Option<&Kept<T>>,
    ) -> Option<T> {
        let began_at = self.began_at.unwrap_or(self.now);
        let kept = thing(self.known.as_ref()?)?;
        let value = kept.get(circumstances?, began_at)?.clone();
        self.has_recalled = true;
        Some(value)
    }

    /// The refresh token that has replaced that of the configuration.
    pub(crate) fn newest_refresh_token(&self) -> Option<&Secret> {
        self.known.as_ref()?.refresh_token.as_ref()
    }

    /// Goes from the servers' clock, which told when AWS credentials end, to the host's, which will be asked.
    pub(crate) fn close(&mut self) {
        if let Some(kept) = &mut self.learned.aws_credentials {
            kept.until = kept.until.shifted(self.clock_correction.saturating_neg());
        }
    }

    /// Whether something was not asked, because it was remembered.
    pub(crate) fn has_recalled(&self) -> bool {
        self.has_recalled
    }

    /// A digest of what the environment and the files have said so far; `None` if nothing is remembered anyway.
    pub(crate) fn circumstances(&self) -> Option<String> {
        self.known.as_ref()?;
        let mut texts = Vec::new();
        for entry in &self.entries {
            match &entry.reply {
                Some(Reply::Env(values)) => {
                    texts.extend(values.iter().flat_map(|(name, value)| [name.as_str(), value.expose()]));
                }
                Some(Reply::File(Some(text))) => texts.extend([entry.ask.id.as_str(), text.expose()]),
                _ => {}
            }
        }
        Some(digest(texts))
    }

    /// The time of the poll that first saw the reply to this ask: the same on every run of the flow.
    pub(crate) fn seen_at(&self, id: &str) -> UnixTime {
        let entry = self.entries.iter().find(|entry| entry.ask.id == id);
        entry.and_then(|entry| entry.seen_at).unwrap_or(self.now)
    }

    /// When the reply to this ask was first seen, if there is such an ask and it has one.
    pub(crate) fn first_seen_at(&self, id: &str) -> Option<UnixTime> {
        self.entries.iter().find(|entry| entry.ask.id == id)?.seen_at
    }

    /// The time that the request of this ask was built for, which a server's clock may have corrected.
    pub(crate) fn built_for(&self, id: &str) -> UnixTime {
        let entry = self.entries.iter().find(|entry| entry.ask.id == id);
        entry.map_or(self.now, |entry| entry.asked_at).shifted(self.clock_correction)
    }

    /// Begins a run of the flow.
    pub(crate) fn open(&mut self, now: UnixTime) {
        self.now = now;
        self.began_at.get_or_insert(now);
        self.clock_correction = 0;
    }

    /// By how many seconds the servers' clock is ahead of the host's, if one of them has minded.
    pub(crate) fn clock_correction(&self) -> Option<i64> {
        Some(self.clock_correction).filter(|seconds| *seconds != 0)
    }

    /// The asks that have no reply yet.
    pub(crate) fn outstanding(&self) -> Vec<Ask> {
        self.entries.iter().filter(|entry| entry.reply.is_none()).map(|entry| entry.ask.clone()).collect()
    }

    /// Takes the host's reply to one ask.
    pub(crate) fn reply(&mut self, id: &str, reply: Reply) -> Result<(), Error> {
        let Some(entry) = self.entries.iter_mut().find(|entry| entry.ask.id == id) else {
            return Err(misuse(
                ErrorCode::UnknownAsk,
                id,
                "was not asked",
                "Reply to the asks that poll gave.",
            ));
        };
        if entry.reply.is_some() {
            return Err(misuse(
                ErrorCode::AlreadyAnswered,
                id,
                "has its reply already",
                "Reply to each ask once.",
            ));
        }
        if !entry.ask.action.takes(&reply) {
            return Err(misuse(
                ErrorCode::WrongReply,
                id,
                &format!("is a {} and takes a reply of its own kind", entry.ask.action.kind()),
                "Reply with what the action calls for, or with a host failure.",
            ));
        }
        entry.reply = Some(reply);
        Ok(())
    }

    /// Variables of the environment. Those that are empty count as not set.
    pub(crate) fn env(&mut self, id: &str, names: &[impl AsRef<str>]) -> Flow<Env> {
        let action =
            || Action::ReadEnv { names: names.iter().map(|name| name.as_ref().to_owned()).collect() };
        match self.answer(Try::only(id), &|_| Ok(action()))?.0 {
            Reply::Env(values) => Ok(Env(values)),
            Reply::Failed(failure) => Err(host_error(&failure, id, Stage::Source, "").into()),
            _ => Err(Error::bug("A reply of the wrong kind was taken.").into()),
        }
    }

    /// The text of a file, or `None` if there is no such file. `hint` says what to do if it cannot be read.
    pub(crate) fn file(&mut self, id: &str, path: &str, hint: &'static str) -> Flow<Option<Secret>> {
        match self.answer(Try::only(id), &|_| Ok(Action::ReadFile { path: path.to_owned() }))?.0 {
            Reply::File(text) => Ok(text),
            Reply::Failed(failure) => Err(host_error(&failure, id, Stage::Source, hint).into()),
            _ => Err(Error::bug("A reply of the wrong kind was taken.").into()),
        }
    }

    /// What a program leaves behind. `hint` says what to do if it cannot be run.
    pub(crate) fn command(
        &mut self,
        id: &str,
        argv: &[String],
        env: &[(String, String)],
        timeout: Duration,
        hint: &'static str,
    ) -> Flow<CommandOutput> {
        let action = || Action::RunCommand { argv: argv.to_vec(), env: env.to_vec(), timeout };
        match self.answer(Try::only(id), &|_| Ok(action()))?.0 {
            Reply::CommandOutput(output) => Ok(output),
            Reply::Failed(failure) => Err(host_error(&failure, id, Stage::Source, hint).into()),
            _ => Err(Error::bug("A reply of the wrong kind was taken.").into()),
        }
    }

    /// A request, tried again as the server's retry policy says. `build` is called once per try, with
    /// the time at which that try is first asked. If the server rejects that time, the request is built
    /// once more with the server's.
    pub(crate) fn http(&mut self, id: &str, server: &Server, build: Build<'_>) -> Flow<Answer> {
        self.http_unless_off(id, server, build, &|response| server.rejects_the_date(response))
    }

    /// The same for a server that takes any time, and answers with something that depends on it: it is right
    /// only if the server's clock agrees.
    pub(crate) fn http_on_time(&mut self, id: &str, server: &Server, build: Build<'_>) -> Flow<Answer> {
        self.http_unless_off(id, server, build, &|response| (200..300).contains(&response.status))
    }

    /// `minds` says of which answers it matters how late it is where they come from.
    fn http_unless_off(
        &mut self,
        id: &str,
        server: &Server,
        build: Build<'_>,
        minds: &dyn Fn(&HttpResponse) -> bool,
    ) -> Flow<Answer> {
        let mut attempt: u32 = 1;
        let mut tries: u32 = 1;
        let mut is_corrected = false;
        let mut ask_id = id.to_owned();
        loop {
            let correction = self.clock_correction;
            let (reply, seen_at) = self.answer(Try(&ask_id, id, tries), &|now| {
                build(now.shifted(correction)).map(Action::HttpRequest)
            })?;
            tries = tries.saturating_add(1);
            let (delay, result) = match reply {
                Reply::HttpResponse(response) => {
                    let answer = Answer { ask_id: ask_id.clone(), response, seen_at };
                    let skew = answer.clock_skew(correction).filter(|_| minds(&answer.response));
                    if let Some(skew) = skew.filter(|_| !is_corrected) {
                        is_corrected = true;
                        self.clock_correction = skew;
                        ask_id = format!("{id}-clock");
                        continue;
                    }
                    (server.retry_delay(attempt, &answer), Ok(answer))
                }
                Reply::Failed(failure) => (
                    server.retry_delay_after_failure(attempt, failure.kind),
                    Err(server.host_error(&failure, &ask_id).into()),
                ),
                _ => return Err(Error::bug("A reply of the wrong kind was taken.").into()),
            };
            let Some(delay) = delay else { return result };
            attempt = attempt.saturating_add(1);
            ask_id = format!("{id}-{attempt}");
            // Without a wait there is no further try, and what there is must do.
            let wait_id = format!("{ask_id}-wait");
            if !self.has_waited(Try(&wait_id, id, tries), self.with_jitter(delay, attempt))? {
                return result;
            }
        }
    }

    fn has_waited(&mut self, id: Try<'_>, duration: Duration) -> Flow<bool> {
        let (reply, _) = self.answer(id, &|_| Ok(Action::Wait { duration }))?;
        Ok(matches!(reply, Reply::Waited))
    }

    /// Between all of it and one and a half times as much.
    fn with_jitter(&self, delay: Duration, attempt: u32) -> Duration {
        let byte = usize::try_from(attempt).ok().and_then(|attempt| self.entropy.get(attempt));
        // Whole milliseconds, which is what hosts can wait for.
        let milliseconds = u64::try_from(delay.as_millis()).unwrap_or(u64::MAX);
        let extra = milliseconds.saturating_mul(byte.copied().unwrap_or(0).into()) / 512;
        Duration::from_millis(milliseconds.saturating_add(extra))
    }

    /// The reply to an ask and when it was seen; asks first if that has not been done.
    fn answer(
        &mut self,
        Try(id, step, attempt): Try<'_>,
        action: &dyn Fn(UnixTime) -> Result<Action, Error>,
    ) -> Flow<(Reply, UnixTime)> {
        let now = self.now;
        if let Some(entry) = self.entries.iter_mut().find(|entry| entry.ask.id == id) {
            let reply = entry.reply.clone().ok_or(Leave::Waiting)?;
            return Ok((reply, *entry.seen_at.get_or_insert(now)));
        }
        let ask = Ask { id: id.to_owned(), step: step.to_owned(), attempt, action: action(now)? };
        self.entries.push(Entry { ask, asked_at: now, reply: None, seen_at: None });
        Err(Leave::Waiting)
    }

    /// Notes that a text which came by must not be seen in an error.
    pub(crate) fn keep_secret(&mut self, secret: &Secret) {
        // What is shorter is no secret, and would be found in words that have nothing to do with it.
        const SHORTEST: usize = 8;
        if secret.expose().len() >= SHORTEST && !self.secrets.contains(secret) {
            self.secrets.push(secret.clone());
        }
    }

    /// Takes what is secret out of an error's texts: a server or a proxy may send back what it was sent.
    pub(crate) fn redact(&self, error: &mut Error) {
        // The proof as a whole first: with a part of it replaced it would not be recognized.
        for proof in self.entries.iter().filter_map(|entry| entry.ask.action.subject_token()) {
            // As it stands in the form, as the server reads it, and as the server unpacks it.
            let mut text = proof.to_owned();
            for _ in 0..3 {
                error.redact(&text);
                text = percent_decode_str(&text).decode_utf8_lossy().into_owned();
            }
            // A quotation of its middle may still hold the signature.
            if let Some(signature) = text.split_once("Signature=").and_then(|(_, rest)| rest.get(..64)) {
                error.redact(signature);
            }
            if let Some(signature) = jwt_signature(proof) {
                error.redact(signature);
            }
        }
        let authorizations = self.entries.iter().filter_map(|entry| entry.ask.action.authorization());
        for secret in self.secrets.iter().map(Secret::expose).chain(authorizations) {
            // As it is, and as it stands in the proof and in the form around the proof.
            let mut text = secret.to_owned();
            for _ in 0..3 {
                error.redact(&text);
                text = encode(&text).collect();
            }
            // A signed request's own signature, quoted without the rest of the header, and that of a JWT.
            if let Some((_, signature)) = secret.split_once("Signature=") {
                error.redact(signature);
            }
            if let Some(signature) = jwt_signature(secret) {
                error.redact(signature);
            }
        }
    }
}

impl Action {
    /// The credentials in a request's `authorization`, without the scheme.
    fn authorization(&self) -> Option<&str> {
        let Self::HttpRequest(request) = self else { return None };
        let value = request.headers.iter().find(|header| header.name == "authorization")?.value.expose();
        Some(value.split_once(' ').map_or(value, |(_, credentials)| credentials))
    }

    /// The proof that a request hands over, as it stands in the request's form.
    fn subject_token(&self) -> Option<&str> {
        match self {
            Self::HttpRequest(request) => form_field(request.body.expose(), "subject_token"),
            _ => None,
        }
    }
}

/// The last of the three parts of a JWT (RFC 7515 section 3.1), if the text has that form.
fn jwt_signature(text: &str) -> Option<&str> {
    let is_base64url = |b: u8| b.is_ascii_alphanumeric() || b"-_.".contains(&b);
    let mut parts = text.bytes().all(is_base64url).then(|| text.split('.'))?;
    let (_, _, signature, None) = (parts.next()?, parts.next()?, parts.next()?, parts.next()) else {
        return None;
    };
    // What is short is in many texts.
    (signature.len() >= 16).then_some(signature)
}

/// `ended with exit code 1: what it wrote about that`
pub(crate) fn how_it_ended(output: &CommandOutput) -> String {
    let end = match output.exit_code {
        Some(code) => format!("ended with exit code {code}"),
        None => "was ended by a signal".to_owned(),
    };
    match on_one_line(output.stderr.expose()).trim().trim_end_matches('.') {
        "" => end,
        words => format!("{end}: {words}"),
    }
}

/// An ask that the host could not carry out.
pub(crate) fn host_error(failure: &HostFailure, ask_id: &str, stage: Stage, hint: &'static str) -> Error {
    let (code, what, usual_hint, retryable) = match failure.kind {
        HostFailureKind::Denied => (
            ErrorCode::HostDenied,
            "was not allowed",
            "Give the process the permission that it lacks.",
            false,
        ),
        HostFailureKind::Other => {
            (ErrorCode::HostFailed, "failed", "The message says what the host met with.", false)
        }
        HostFailureKind::Timeout => (
            ErrorCode::HostTimeout,
            "got no answer in time",
            "Check the network path to the server: routes, firewalls, proxies.",
            true,
        ),
        HostFailureKind::Unreachable => (
            ErrorCode::HostUnreachable,
            "could not reach the server",
            "Check the network path to the server: name resolution, routes, firewalls, proxies.",
            true,
        ),
        HostFailureKind::Unsupported => (
            ErrorCode::HostUnsupported,
            "is not possible on this host",
            "Use a host that can do it, or a source of the proof that does not need it.",
            false,
        ),
    };
    let hint = if hint.is_empty() { usual_hint } else { hint };
    let message = match on_one_line(&failure.message).trim_end_matches('.') {
        "" => format!("The step {ask_id} {what}."),
        words => format!("The step {ask_id} {what}: {words}."),
    };
    Error::new(code, message, hint).at(stage).about_ask(ask_id).with_retryable(retryable)
}

fn misuse(code: ErrorCode, id: &str, what: &str, hint: &'static str) -> Error {
    Error::new(code, format!("The ask {id} {what}."), hint).about_ask(id)
}
