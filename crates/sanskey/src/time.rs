//! Points in time as the protocols write them. There is no clock here: the host says what time it is.

// All numbers here are bounded by the years 0001 to 9999 or by the number of digits that was read.
#![allow(clippy::arithmetic_side_effects)]

use std::fmt;
use std::time::Duration;

/// Seconds since 1970-01-01T00:00:00Z, leap seconds not counted.
///
/// The range is that of the four-digit years which all formats here are able to write: 0001 to 9999.
/// [`UnixTime::from_seconds`] brings everything else to the nearest end of it.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct UnixTime(i64);

impl UnixTime {
    const EARLIEST: i64 = -62_135_596_800; // 0001-01-01T00:00:00Z
    const LATEST: i64 = 253_402_300_799; // 9999-12-31T23:59:59Z

    /// A point in time from whole seconds since the epoch.
    pub fn from_seconds(seconds: i64) -> Self {
        Self(seconds.clamp(Self::EARLIEST, Self::LATEST))
    }

    /// Whole seconds since the epoch.
    pub fn as_seconds(self) -> i64 {
        self.0
    }

    /// Seconds from `self` until `later`; zero if `later` has passed.
    pub fn seconds_until(self, later: Self) -> u64 {
        later.0.saturating_sub(self.0).try_into().unwrap_or(0)
    }

    /// Reads a timestamp of RFC 3339 section 5.6, such as `2026-01-02T03:04:05.678+09:00`.
    ///
    /// A fraction of a second is dropped, a leap second counts as the second after it. `None` is
    /// returned for anything else, times outside the years 0001 to 9999 included.
    pub fn from_rfc3339(text: &str) -> Option<Self> {
        let mut rest = Cursor(text.as_bytes());
        let year = rest.digits(4)?;
        rest.one_of(b"-")?;
        let month = rest.digits(2)?;
        rest.one_of(b"-")?;
        let day = rest.digits(2)?;
        rest.one_of(b"Tt ")?;
        let hour = rest.digits(2)?;
        rest.one_of(b":")?;
        let minute = rest.digits(2)?;
        rest.one_of(b":")?;
        let second = rest.digits(2)?;
        if rest.one_of(b".").is_some() {
            rest.digits(1)?;
            while rest.digits(1).is_some() {}
        }
        let offset_minutes = match rest.one_of(b"Zz+-")? {
            b'+' => rest.offset()?,
            b'-' => rest.offset()?.checked_neg()?,
            _ => 0,
        };
        rest.end()?;
        let local = seconds_of(year, month, day, hour, minute, second)?;
        Self::checked(local.checked_sub(offset_minutes.checked_mul(60)?)?)
    }

    /// Reads an HTTP date in the form that servers must send (RFC 9110 section 5.6.7, IMF-fixdate),
    /// such as `Sun, 06 Nov 1994 08:49:37 GMT`. The obsolete forms give `None`.
    pub fn from_http_date(text: &str) -> Option<Self> {
        let mut rest = Cursor(text.trim().as_bytes());
        rest.word(&DAY_NAMES)?;
        rest.literal(b", ")?;
        let day = rest.digits(2)?;
        rest.literal(b" ")?;
        let month = rest.word(&MONTH_NAMES)?;
        rest.literal(b" ")?;
        let year = rest.digits(4)?;
        rest.literal(b" ")?;
        let hour = rest.digits(2)?;
        rest.literal(b":")?;
        let minute = rest.digits(2)?;
        rest.literal(b":")?;
        let second = rest.digits(2)?;
        rest.literal(b" GMT")?;
        rest.end()?;
        Self::checked(seconds_of(year, month, day, hour, minute, second)?)
    }

    /// `20260102T030405Z`: the basic ISO 8601 form of `x-amz-date`. Its first eight characters are
    /// the date of the credential scope.
    pub(crate) fn to_amz_date(self) -> String {
        let (year, month, day, hour, minute, second) = self.civil();
        format!("{year:04}{month:02}{day:02}T{hour:02}{minute:02}{second:02}Z")
    }

    /// Reads the form of [`Self::to_amz_date`].
    pub(crate) fn from_amz_date(text: &str) -> Option<Self> {
        let mut rest = Cursor(text.as_bytes());
        let (year, month, day) = (rest.digits(4)?, rest.digits(2)?, rest.digits(2)?);
        rest.literal(b"T")?;
        let (hour, minute, second) = (rest.digits(2)?, rest.digits(2)?, rest.digits(2)?);
        rest.literal(b"Z")?;
        rest.end()?;
        Self::checked(seconds_of(year, month, day, hour, minute, second)?)
    }

    /// The later point in time, at most the end of the year 9999.
    pub(crate) fn plus(self, duration: Duration) -> Self {
        let seconds = i64::try_from(duration.as_secs()).unwrap_or(i64::MAX);
        Self::from_seconds(self.0.saturating_add(seconds))
    }

    /// So many seconds later, or earlier.
    pub(crate) fn shifted(self, seconds: i64) -> Self {
        Self::from_seconds(self.0.saturating_add(seconds))
    }

    fn checked(seconds: i64) -> Option<Self> {
        (Self::EARLIEST..=Self::LATEST).contains(&seconds).then_some(Self(seconds))
    }

    fn civil(self) -> (i64, i64, i64, i64, i64, i64) {
        let of_day = self.0.rem_euclid(SECONDS_PER_DAY);
        let (year, month, day) = civil_from_days(self.0.div_euclid(SECONDS_PER_DAY));
        (year, month, day, of_day / 3600, of_day / 60 % 60, of_day % 60)
    }
}

/// RFC 3339 in UTC, such as `2026-01-02T03:04:05Z`.
impl fmt::Display for UnixTime {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (year, month, day, hour, minute, second) = self.civil();
        write!(f, "{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}Z")
    }
}

impl fmt::Debug for UnixTime {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

const SECONDS_PER_DAY: i64 = 86_400;
const DAY_NAMES: [&str; 7] = ["Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"];
const MONTH_NAMES: [&str; 12] =
    ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];

fn seconds_of(year: i64, month: i64, day: i64, hour: i64, minute: i64, second: i64) -> Option<i64> {
    let in_range = (1..=12).contains(&month)
        && (1..=days_in_month(year, month)).contains(&day)
        && hour <= 23
        && minute <= 59
        && second <= 60;
    in_range.then(|| days_from_civil(year, month, day) * SECONDS_PER_DAY + hour * 3600 + minute * 60 + second)
}

fn days_in_month(year: i64, month: i64) -> i64 {
    match month {
        2 if year % 4 == 0 && (year % 100 != 0 || year % 400 == 0) => 29,
        2 => 28,
        4 | 6 | 9 | 11 => 30,
        _ => 31,
    }
}

// The proleptic Gregorian calendar in whole days, counted in eras of 400 years (146,097 days) that
// begin on March 1st, so that the leap day is the last of its year. A date library would be the
// better choice if it did not cost a tenth of the wasm module; the tests compare this with one.

fn days_from_civil(year: i64, month: i64, day: i64) -> i64 {
    let (year, month_from_march) = if month > 2 { (year, month - 3) } else { (year - 1, month + 9) };
    let era = year.div_euclid(400);
    let year_of_era = year.rem_euclid(400);
    let day_of_year = (153 * month_from_march + 2) / 5 + day - 1;
    let day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;
    era * 146_097 + day_of_era - DAYS_FROM_ERA_TO_EPOCH
}

fn civil_from_days(days: i64) -> (i64, i64, i64) {
    let days = days + DAYS_FROM_ERA_TO_EPOCH;
    let era = days.div_euclid(146_097);
    let day_of_era = days.rem_euclid(146_097);
    let year_of_era = (day_of_era - day_of_era / 1460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let month_from_march = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * month_from_march + 2) / 5 + 1;
    let month = if month_from_march < 10 { month_from_march + 3 } else { month_from_march - 9 };
    let year = year_of_era + era * 400 + i64::from(month <= 2);
    (year, month, day)
}

/// From 0000-03-01 to 1970-01-01.
const DAYS_FROM_ERA_TO_EPOCH: i64 = 719_468;

struct Cursor<'a>(&'a [u8]);

impl Cursor<'_> {
    fn digits(&mut self, count: usize) -> Option<i64> {
        let (digits, rest) = self.0.split_at_checked(count)?;
        let mut number: i64 = 0;
        for digit in digits {
            if !digit.is_ascii_digit() {
                return None;
            }
            number = number * 10 + i64::from(digit - b'0');
        }
        self.0 = rest;
        Some(number)
    }

    fn one_of(&mut self, choices: &[u8]) -> Option<u8> {
        let (first, rest) = self.0.split_first()?;
        let found = choices.contains(first).then_some(*first)?;
        self.0 = rest;
        Some(found)
    }

    fn literal(&mut self, text: &[u8]) -> Option<()> {
        self.0 = self.0.strip_prefix(text)?;
        Some(())
    }

    /// The position, from one, of the word that stands here.
    fn word(&mut self, words: &[&str]) -> Option<i64> {
        let (position, word) = (1..).zip(words).find(|(_, word)| self.0.starts_with(word.as_bytes()))?;
        self.literal(word.as_bytes())?;
        Some(position)
    }

    /// `hh:mm` as minutes.
    fn offset(&mut self) -> Option<i64> {
        let hours = self.digits(2)?;
        self.one_of(b":")?;
        let minutes = self.digits(2)?;
        (hours <= 23 && minutes <= 59).then(|| hours * 60 + minutes)
    }

    fn end(&self) -> Option<()> {
        self.0.is_empty().then_some(())
    }
}
