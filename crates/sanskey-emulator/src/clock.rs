//! The emulator's idea of the time, which can be set wrong.

use http::Method;
use time::{Duration, OffsetDateTime, macros::format_description};

use crate::{
    answers::{Answer, Request, google_error, not_found},
    settings::Settings,
    store::Store,
};

/// Ten years, so that every date stays one of this century.
pub(crate) const FURTHEST: i64 = 10 * 365 * 86_400;

/// The time by the emulator's clock.
pub(crate) fn now(store: &Store, settings: &Settings) -> OffsetDateTime {
    OffsetDateTime::now_utc() + Duration::seconds(store.clock_offset.unwrap_or(settings.clock_offset_seconds))
}

/// A time as the header `Date` has it (RFC 9110, section 5.6.7).
pub(crate) fn http_date(time: OffsetDateTime) -> String {
    let format = format_description!(
        "[weekday repr:short], [day] [month repr:short] [year] [hour]:[minute]:[second] GMT"
    );
    time.format(format).expect("the time has all of these parts")
}

/// Answers a request to `/emulator/clock`: from here on the clock is this many seconds ahead.
pub(crate) fn answer(store: &mut Store, request: &Request) -> Answer {
    if request.method != Method::PUT {
        return not_found();
    }
    let seconds = std::str::from_utf8(&request.body).ok().and_then(|text| text.trim().parse::<i64>().ok());
    match seconds {
        Some(seconds) if seconds.abs() <= FURTHEST => {
            store.clock_offset = Some(seconds);
            Answer::text(204, "")
        }
        _ => {
            let message = "The body is not a number of seconds within ten years.";
            google_error(400, "INVALID_ARGUMENT", message, Vec::new())
        }
    }
}

#[cfg(test)]
mod tests {
    use time::macros::datetime;

    #[test]
    fn dates_are_those_of_http() {
        let text = super::http_date(datetime!(1994-11-06 08:49:37 UTC));
        assert_eq!(text, "Sun, 06 Nov 1994 08:49:37 GMT");
    }
}
