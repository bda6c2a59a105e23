//! Dates compared with those of the crate `time`.

use proptest::prelude::{any, proptest};
use proptest::prop_assert_eq;
use sanskey::UnixTime;
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;
use time::macros::format_description;

proptest! {
    #[test]
    fn every_second_is_written_as_others_write_it(seconds in -62_135_596_800_i64..253_402_300_800) {
        let theirs = OffsetDateTime::from_unix_timestamp(seconds).unwrap().format(&Rfc3339).unwrap();
        let ours = UnixTime::from_seconds(seconds);
        prop_assert_eq!(ours.to_string(), theirs.as_str());
        prop_assert_eq!(UnixTime::from_rfc3339(&theirs), Some(ours));
    }

    #[test]
    fn an_offset_and_a_fraction_are_read_as_others_read_them(
        seconds in 0_i64..4_000_000_000, minutes in -1439_i32..1440, nanosecond in 0_u32..1_000_000_000,
    ) {
        let offset = time::UtcOffset::from_whole_seconds(minutes * 60).unwrap();
        let theirs = OffsetDateTime::from_unix_timestamp(seconds).unwrap().to_offset(offset);
        let text = theirs.replace_nanosecond(nanosecond).unwrap().format(&Rfc3339).unwrap();
        prop_assert_eq!(UnixTime::from_rfc3339(&text), Some(UnixTime::from_seconds(seconds)));
    }

    #[test]
    fn an_http_date_is_read_as_others_write_it(seconds in 0_i64..253_402_300_800) {
        let form = format_description!(
            "[weekday repr:short], [day] [month repr:short] [year] [hour]:[minute]:[second] GMT"
        );
        let text = OffsetDateTime::from_unix_timestamp(seconds).unwrap().format(&form).unwrap();
        prop_assert_eq!(UnixTime::from_http_date(&text), Some(UnixTime::from_seconds(seconds)));
    }

    /// Where both read a text, they read the same; ours reads nothing that theirs does not, leap
    /// seconds and a space in place of `T` apart.
    #[test]
    fn texts_that_are_almost_dates(
        text in "[0-9]{4}-[01][0-9]-[0-3][0-9]T[0-2][0-9]:[0-6][0-9]:[0-5][0-9](\\.[0-9]{0,3})?(Z|[+-][0-2][0-9]:[0-6][0-9])?"
    ) {
        let theirs = OffsetDateTime::parse(&text, &Rfc3339).ok().map(OffsetDateTime::unix_timestamp);
        let theirs = theirs.filter(|seconds| (-62_135_596_800..253_402_300_800).contains(seconds));
        prop_assert_eq!(UnixTime::from_rfc3339(&text).map(UnixTime::as_seconds), theirs, "{}", text);
    }

    #[test]
    fn any_text_is_read_or_refused(text in any::<String>()) {
        let _ = (UnixTime::from_rfc3339(&text), UnixTime::from_http_date(&text));
    }
}

#[test]
fn leap_seconds_count_as_the_next_second() {
    let next = UnixTime::from_rfc3339("2017-01-01T00:00:00Z");
    assert_eq!(UnixTime::from_rfc3339("2016-12-31T23:59:60Z"), next);
    assert_eq!(next.map(UnixTime::as_seconds), Some(1_483_228_800));
}

#[test]
fn obsolete_http_dates_are_refused() {
    assert_eq!(UnixTime::from_http_date("Sunday, 06-Nov-94 08:49:37 GMT"), None);
    assert_eq!(UnixTime::from_http_date("Sun Nov  6 08:49:37 1994"), None);
    assert_eq!(
        UnixTime::from_http_date("Sun, 06 Nov 1994 08:49:37 GMT").map(UnixTime::as_seconds),
        Some(784_111_777)
    );
}

#[test]
fn times_beyond_the_range_are_brought_to_its_ends() {
    assert_eq!(UnixTime::from_seconds(i64::MIN).to_string(), "0001-01-01T00:00:00Z");
    assert_eq!(UnixTime::from_seconds(i64::MAX).to_string(), "9999-12-31T23:59:59Z");
}
