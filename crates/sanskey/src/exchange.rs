//! The exchange as the host sees it: [`Exchange`].

use crate::ask::{Ask, Reply};
use crate::config::CredentialConfig;
use crate::desk::{Desk, Leave};
use crate::error::Error;
use crate::flow;
use crate::goal::{Goal, Options, Outcome};
use crate::memory::Memory;
use crate::time::UnixTime;

/// One way from a proof of identity to a token, step by step. The host does what is asked and
/// replies, until there is an outcome.
///
/// ```
/// # use sanskey::*;
/// # fn host_does(_: Action) -> Reply { unreachable!() }
/// # fn run(config: CredentialConfig, now: UnixTime) -> Result<Outcome, Error> {
/// let mut exchange = Exchange::new(config, Goal::AccessToken { scopes: vec![] }, Options::default());
/// loop {
///     match exchange.poll(now)? {
///         Step::Pending(asks) => {
///             for ask in asks {
///                 exchange.reply(&ask.id, host_does(ask.action))?;
///             }
///         }
///         Step::Done(outcome) => break Ok(outcome),
///     }
/// }
/// # }
/// ```
#[derive(Debug)]
pub struct Exchange {
    config: CredentialConfig,
    goal: Goal,
    options: Options,
    desk: Desk,
    end: Option<Result<Outcome, Error>>,
}

/// Where an exchange stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Step {
    /// It has come to its end.
    Done(Outcome),
    /// It must be told these things first. They do not depend on each other: reply in any order.
    Pending(Vec<Ask>),
}

impl Exchange {
    /// An exchange that has not begun. Nothing is checked yet.
    pub fn new(config: CredentialConfig, goal: Goal, options: Options) -> Self {
        let desk = Desk::new(options.entropy.clone());
        Self { config, goal, options, desk, end: None }
    }

    /// The same exchange, which need not ask what is remembered.
    pub(crate) fn knowing(mut self, memory: Memory) -> Self {
        self.desk = self.desk.knowing(memory);
        self
    }

    pub(crate) fn goal(&self) -> &Goal {
        &self.goal
    }

    /// How it has ended, if it has.
    pub(crate) fn end(&self) -> Option<&Result<Outcome, Error>> {
        self.end.as_ref()
    }

    /// Whether something was not asked, because it was remembered.
    pub(crate) fn has_recalled(&self) -> bool {
        self.desk.has_recalled()
    }

    /// What is to be remembered.
    pub(crate) fn learned(&self) -> &Memory {
        &self.desk.learned
    }

    /// What to do next, or the outcome. `now` is the current time; it must be read anew for every
    /// poll, since it ends up in signatures and expiries.
    ///
    /// Polling again without a reply in between changes nothing; an ask that was given stays as it
    /// was. After the end, the same end is given again.
    ///
    /// # Errors
    /// Whatever ended the exchange: see [`crate::ErrorCode`] for the list.
    pub fn poll(&mut self, now: UnixTime) -> Result<Step, Error> {
        if self.end.is_none() {
            self.desk.open(now);
            match flow::run(&mut self.desk, &self.config, &self.goal, &self.options) {
                Ok(outcome) => {
                    self.desk.close();
                    self.end = Some(Ok(outcome));
                }
                Err(Leave::Failed(mut error)) => {
                    self.desk.redact(&mut error);
                    error = error.shortened();
                    if let Some(seconds) = self.desk.clock_correction() {
                        error = error.adding(&clock_notice(seconds));
                    }
                    self.end = Some(Err(error));
                }
                Err(Leave::Waiting) => {}
            }
        }
        match &self.end {
            Some(end) => end.clone().map(Step::Done),
            None => Ok(Step::Pending(self.desk.outstanding())),
        }
    }

    /// By how many seconds the servers' clock is ahead of the host's, if something had to be signed once more with
    /// its time, since the date was rejected, or would be in a URL: negative if the host's clock is ahead. Tell
    /// somebody: the next exchange meets with the same.
    pub fn clock_skew_seconds(&self) -> Option<i64> {
        self.desk.clock_correction()
    }

    /// The host's reply to the ask with this id. A reply of the kind that the action calls for, or
    /// [`Reply::Failed`].
    ///
    /// # Errors
    /// `unknown_ask`, `already_answered`, `wrong_reply`. The exchange is as it was and can go on.
    pub fn reply(&mut self, id: &str, reply: Reply) -> Result<(), Error> {
        self.desk.reply(id, reply)
    }
}

fn clock_notice(seconds: i64) -> String {
    let direction = if seconds > 0 { "behind" } else { "ahead of" };
    let seconds = seconds.unsigned_abs();
    format!("The clock of this machine is {seconds} s {direction} the server's.")
}
