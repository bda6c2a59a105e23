//! A token that is always good, without the host: [`TokenSource`].

use std::time::Duration;

use crate::config::CredentialConfig;
use crate::error::{Error, ErrorCode, Fault};
use crate::exchange::Exchange;
use crate::goal::{Goal, Options};
use crate::memory::Memory;
use crate::secret::Secret;
use crate::state::{State, owner};
use crate::time::UnixTime;
use crate::token::{Freshness, Token};

/// Holds the token of one configuration, says when to get the next one, and remembers what need not be asked
/// again: a refresh on EC2 costs two requests and not six.
///
/// It does not know of threads or tasks. A host asks [`TokenSource::look`] before each use, sees to it that one
/// caller at a time refreshes, and serves the others [`TokenSource::token`] meanwhile if the advice is
/// [`Advice::Renew`].
///
/// ```
/// # use sanskey::*;
/// # use std::time::Duration;
/// # fn drive(_: &mut Exchange) {}
/// # fn clocks() -> Moment { Moment::new(UnixTime::from_seconds(0), Duration::ZERO) }
/// # fn run(config: CredentialConfig) -> Result<(), Error> {
/// let mut source = TokenSource::new(config, Goal::AccessToken { scopes: vec![] }, Options::default())?;
/// while source.look(clocks()) != Advice::Use {
///     let mut exchange = source.exchange(None, vec![], clocks());
///     drive(&mut exchange); // to its end
///     if source.settle(&exchange, clocks()) != Settled::Again {
///         break;
///     }
/// }
/// # Ok(())
/// # }
/// ```
#[derive(Debug)]
pub struct TokenSource {
    config: CredentialConfig,
    goal: Goal,
    options: Options,
    memory: Memory,
    learned_at: Option<Moment>,
    held: Option<Held>,
    /// When the last refresh failed while there was a token.
    failed_at: Option<Duration>,
}

/// What both clocks of a host say at one time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Moment {
    now: UnixTime,
    uptime: Duration,
}

/// What whoever wants the token is to do.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Advice {
    /// There is no token, or it has ended: get one.
    Refresh,
    /// Get the next one; if somebody is about it already, use the one that there is.
    Renew,
    /// Use the one that there is.
    Use,
}

/// What an exchange has come to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Settled {
    /// It was refused, and relied on something that was remembered and is now forgotten: begin another at once.
    Again,
    /// It failed, and there is no token to use: its error is the caller's.
    Failed,
    /// It failed, and the token that there was is still good. It will not be tried again for a moment.
    Kept,
    /// It has got what it was for.
    New,
}

#[derive(Debug)]
struct Held {
    token: Token,
    since: Moment,
}

/// How long a failed refresh is not repeated while there is a token: as often as to survive an outage that
/// begins when the token becomes stale, and seldom enough not to prolong it.
const QUIET: Duration = Duration::from_secs(15);

impl Moment {
    /// `now` is the time of day. `uptime` is that of a clock that nobody sets, such as the monotonic clock
    /// of the operating system, from any point in time on.
    pub fn new(now: UnixTime, uptime: Duration) -> Self {
        Self { now, uptime }
    }

    /// Whether less time has passed by the clock that can be set than by the other one.
    fn is_set_back_since(self, earlier: Self) -> bool {
        const TOLERANCE: u64 = 60;
        let by_uptime = self.uptime.saturating_sub(earlier.uptime).as_secs();
        let latest = earlier.now.plus(Duration::from_secs(by_uptime));
        self.now.seconds_until(latest) > TOLERANCE
    }
}

impl Advice {
    /// The stable name: `refresh`, `renew`, `use`.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Refresh => "refresh",
            Self::Renew => "renew",
            Self::Use => "use",
        }
    }
}

impl Settled {
    /// The stable name: `again`, `failed`, `kept`, `new`.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Again => "again",
            Self::Failed => "failed",
            Self::Kept => "kept",
            Self::New => "new",
        }
    }
}

impl TokenSource {
    /// A source without a token yet. Nothing is asked.
    ///
    /// # Errors
    /// `invalid_argument` if the goal is not one that ends in a token.
    pub fn new(config: CredentialConfig, goal: Goal, options: Options) -> Result<Self, Error> {
        match &goal {
            Goal::AccessToken { .. }
            | Goal::DelegatedAccessToken { .. }
            | Goal::DownscopedAccessToken { .. }
            | Goal::IdToken { .. } => {}
            Goal::Introspection { .. }
            | Goal::Revocation
            | Goal::SignBlob { .. }
            | Goal::SignJwt { .. }
            | Goal::SignUrl(_) => {
                return Err(Error::new(
                    ErrorCode::InvalidArgument,
                    "The goal of a token source does not end in a token.",
                    "Make the source for an access token or an ID token, and ask it for other things one by one.",
                ));
            }
        }
        Ok(Self {
            config,
            goal,
            options,
            memory: Memory::default(),
            learned_at: None,
            held: None,
            failed_at: None,
        })
    }

    /// The options of all further exchanges. What a caller supplies anew each time, such as AWS credentials that
    /// change, belongs here before [`TokenSource::exchange`].
    pub fn options_mut(&mut self) -> &mut Options {
        &mut self.options
    }

    /// The token that was got last, whether it is still good or not.
    pub fn token(&self) -> Option<&Token> {
        self.held.as_ref().map(|held| &held.token)
    }

    /// What to do at this moment.
    pub fn look(&self, at: Moment) -> Advice {
        let Some(held) = &self.held else { return Advice::Refresh };
        match held.freshness(at) {
            Freshness::Expired => Advice::Refresh,
            Freshness::Fresh => Advice::Use,
            Freshness::Stale if self.is_quiet(at) || held.is_new(at) => Advice::Use,
            Freshness::Stale => Advice::Renew,
        }
    }

    /// An exchange for the next token, or for whatever else the goal says, such as a signature. `entropy` is that
    /// of [`Options`]. Drive it to its end and [`TokenSource::settle`] it.
    pub fn exchange(&mut self, goal: Option<Goal>, entropy: Vec<u8>, at: Moment) -> Exchange {
        // By a clock that was set back, what has ended may look as if it had not.
        if self.learned_at.is_some_and(|learned_at| at.is_set_back_since(learned_at)) {
            self.memory.forget();
        }
        let goal = goal.unwrap_or_else(|| self.goal.clone());
        let options = self.options.clone().entropy(entropy);
        Exchange::new(self.config.clone(), goal, options).knowing(self.memory.clone())
    }

    /// Takes over what an exchange of this source has come to. One that has not come to its end, because the host
    /// gave up, has failed.
    pub fn settle(&mut self, exchange: &Exchange, at: Moment) -> Settled {
        let is_for_own_token = *exchange.goal() == self.goal;
        self.memory.learn_refresh_token(exchange.learned());
        match exchange.end() {
            Some(Ok(outcome)) => {
                self.memory.learn(exchange.learned().clone());
                self.learned_at = Some(at);
                if *exchange.goal() == Goal::Revocation {
                    // What came of the login is good no more.
                    self.held = None;
                    self.memory = Memory::default();
                }
                if let Some(token) = outcome.token().filter(|_| is_for_own_token) {
                    self.held = Some(Held { token: token.clone(), since: at });
                    self.failed_at = None;
                }
                Settled::New
            }
            Some(Err(error)) if exchange.has_recalled() && is_refusal(error) => {
                self.memory.forget();
                Settled::Again
            }
            Some(Err(_)) | None if is_for_own_token => self.fail(at),
            Some(Err(_)) | None => Settled::Failed,
        }
    }

    /// The next token cannot be got, and no exchange has come about: somebody who was to supply a proof has failed.
    pub fn fail(&mut self, at: Moment) -> Settled {
        if self.held.as_ref().is_none_or(|held| held.freshness(at) == Freshness::Expired) {
            return Settled::Failed;
        }
        self.failed_at = Some(at.uptime);
        Settled::Kept
    }

    /// All that the source knows, as a text that holds secrets: for [`TokenSource::import`] where this one goes
    /// on, such as in the next invocation of a function.
    ///
    /// # Errors
    /// None, but for a defect of this library.
    pub fn export(&self) -> Result<Secret, Error> {
        let held = self.held.as_ref().map(|held| (held.token.clone(), held.since.now));
        State { held, memory: self.memory.clone() }.write(&owner(&self.config, &self.goal, &self.options))
    }

    /// Goes on from an exported state, if it is one of the same configuration, goal and options, written by the
    /// same version. What has ended meanwhile is not used.
    pub fn import(&mut self, state: &str, at: Moment) -> bool {
        let owner = owner(&self.config, &self.goal, &self.options);
        let Some(State { held, memory }) = State::read(state, &owner) else { return false };
        // By a clock that was set back since nobody can tell how old a token is.
        self.held = held.filter(|(_, since)| *since <= at.now).map(|(token, _)| Held { token, since: at });
        // The state may be of a time before the refresh token was replaced.
        let refresh_token = memory.refresh_token.clone().or_else(|| self.memory.refresh_token.take());
        self.memory = Memory { refresh_token, ..memory };
        self.learned_at = Some(at);
        self.failed_at = None;
        true
    }

    /// Forgets everything that is remembered, so that the next exchange asks for all of it: before the refresh of
    /// a token that somebody has refused. The token itself stays until there is another.
    pub fn forget(&mut self) {
        self.memory.forget();
    }

    fn is_quiet(&self, at: Moment) -> bool {
        // A moment before the failure is one of another clock.
        let since = self.failed_at.and_then(|failed_at| at.uptime.checked_sub(failed_at));
        since.is_some_and(|since| since < QUIET)
    }
}

impl Held {
    /// A token that is short-lived is stale from the start, and need not be replaced at once.
    fn is_new(&self, at: Moment) -> bool {
        at.uptime.checked_sub(self.since.uptime).is_some_and(|age| age < QUIET)
    }

    /// What the clock that tells the day says, unless it was set back: then so much time has passed as the other
    /// one says. (That one may stand still while the machine sleeps.)
    fn freshness(&self, at: Moment) -> Freshness {
        let lifetime = self.since.now.seconds_until(self.token.expires_at);
        let age = at.uptime.saturating_sub(self.since.uptime).as_secs();
        let left = at.now.seconds_until(self.token.expires_at).min(lifetime.saturating_sub(age));
        Freshness::of_seconds_left(left)
    }
}

/// Whether a server has said no, and would say so again.
fn is_refusal(error: &Error) -> bool {
    error.code().fault() == Fault::Remote && !error.retryable()
}
