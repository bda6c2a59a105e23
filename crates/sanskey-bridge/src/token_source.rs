//! A [`sanskey::TokenSource`] that is spoken to in texts and numbers.

use std::time::Duration;

use sanskey::Moment;

use crate::{Exchange, Failure, guarded, read, time, with_entropy, write};

/// Times are seconds: `now` since the epoch, `uptime` of a clock that nobody sets.
#[derive(Debug)]
pub struct TokenSource(sanskey::TokenSource);

impl TokenSource {
    /// From the texts of the configuration file, the goal and the options.
    ///
    /// # Errors
    /// The configuration's own, or `invalid_argument`.
    pub fn new(config: &str, goal: &str, options: &str) -> Result<Self, Failure> {
        guarded(|| {
            let config = sanskey::CredentialConfig::from_json(config)?;
            let options = read::options(options)?.core;
            Ok(Self(sanskey::TokenSource::new(config, read::goal(goal)?, options)?))
        })
    }

    /// `refresh`, `renew` or `use`.
    ///
    /// # Errors
    /// `invalid_argument` if a time is not a number.
    pub fn look(&self, now: f64, uptime: f64) -> Result<&'static str, Failure> {
        guarded(|| Ok(self.0.look(moment(now, uptime)?).as_str()))
    }

    /// An exchange for the next token or, if there is a goal, for that; with all options that hold now.
    ///
    /// # Errors
    /// `invalid_argument`.
    pub fn exchange(
        &mut self,
        goal: Option<&str>,
        options: &str,
        now: f64,
        uptime: f64,
    ) -> Result<Exchange, Failure> {
        guarded(|| {
            let goal = goal.map(read::goal).transpose()?;
            let options = read::options(options)?;
            let options = if options.entropy_is_given { options.core } else { with_entropy(options.core) };
            let entropy = options.entropy.clone();
            *self.0.options_mut() = options;
            Ok(Exchange(self.0.exchange(goal, entropy, moment(now, uptime)?)))
        })
    }

    /// `again`, `failed`, `kept` or `new`.
    ///
    /// # Errors
    /// `invalid_argument` if a time is not a number.
    pub fn settle(&mut self, exchange: &Exchange, now: f64, uptime: f64) -> Result<&'static str, Failure> {
        guarded(|| Ok(self.0.settle(&exchange.0, moment(now, uptime)?).as_str()))
    }

    /// What follows if no exchange has come about: `failed` or `kept`.
    ///
    /// # Errors
    /// `invalid_argument` if a time is not a number.
    pub fn fail(&mut self, now: f64, uptime: f64) -> Result<&'static str, Failure> {
        guarded(|| Ok(self.0.fail(moment(now, uptime)?).as_str()))
    }

    /// The token that was got last, as JSON.
    pub fn token(&self) -> Option<String> {
        self.0.token().map(write::token)
    }

    /// All that the source knows.
    ///
    /// # Errors
    /// None, but for a defect of this library.
    pub fn export_state(&self) -> Result<String, Failure> {
        guarded(|| Ok(self.0.export()?.expose().to_owned()))
    }

    /// Whether the state was one of this source.
    ///
    /// # Errors
    /// `invalid_argument` if a time is not a number.
    pub fn import_state(&mut self, state: &str, now: f64, uptime: f64) -> Result<bool, Failure> {
        guarded(|| Ok(self.0.import(state, moment(now, uptime)?)))
    }

    /// Forgets what is remembered, but for the token.
    pub fn forget(&mut self) {
        self.0.forget();
    }
}

fn moment(now: f64, uptime: f64) -> Result<Moment, Failure> {
    let uptime = Duration::try_from_secs_f64(uptime)
        .map_err(|_| Failure::invalid_argument("The uptime must be a number of seconds, from 0 on."))?;
    Ok(Moment::new(time(now)?, uptime))
}
