//! AWS regions and availability zones.

/// The region that an availability zone, a local zone or a wavelength zone lies in.
///
/// A region is two or more words and a number: `us-gov-west-1`. What follows the number is the zone:
/// a letter (`us-east-1a`), or the name of a local or wavelength zone (`us-west-2-lax-1a`,
/// `us-east-1-wl1-bos-wlz-1`). A bare region is taken as it is. `None` for anything else.
///
/// Source: <https://docs.aws.amazon.com/global-infrastructure/latest/regions/aws-regions-availability-zones.html>,
/// and the zone names of local zones and wavelength zones listed there.
pub(crate) fn of_zone(zone: &str) -> Option<&str> {
    let mut words_before_number: usize = 0;
    let mut label_start: usize = 0;
    for label in zone.split('-') {
        let digits = label.bytes().take_while(u8::is_ascii_digit).count();
        if digits == 0 {
            let is_word = !label.is_empty() && label.bytes().all(|b| b.is_ascii_lowercase());
            if !is_word {
                return None;
            }
            words_before_number = words_before_number.checked_add(1)?;
        } else {
            let (region, rest) = zone.split_at_checked(label_start.checked_add(digits)?)?;
            return (words_before_number >= 2 && is_zone_suffix(rest)).then_some(region);
        }
        label_start = label_start.checked_add(label.len())?.checked_add(1)?;
    }
    None
}

fn is_zone_suffix(rest: &str) -> bool {
    match rest.as_bytes() {
        [] => true,
        [letter] => letter.is_ascii_lowercase(),
        [b'-', name @ ..] => {
            !name.is_empty()
                && name.iter().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || *b == b'-')
        }
        _ => false,
    }
}

/// Whether a text can be put into a host name as a region.
pub(crate) fn is_plausible(region: &str) -> bool {
    !region.is_empty()
        && region.len() <= 63
        && region.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-')
        && !region.starts_with('-')
        && !region.ends_with('-')
}

/// Below which the services of a region's partition are found.
///
/// Source: `partitions.json` of the AWS SDKs, "dnsSuffix" and "dualStackDnsSuffix".
const PARTITIONS: [(&str, &str, &str); 6] = [
    ("cn-", "amazonaws.com.cn", "api.amazonwebservices.com.cn"),
    ("eu-isoe-", "cloud.adc-e.uk", "api.cloud-aws.adc-e.uk"),
    ("eusc-", "amazonaws.eu", "api.amazonwebservices.eu"),
    ("us-iso-", "c2s.ic.gov", "api.aws.ic.gov"),
    ("us-isob-", "sc2s.sgov.gov", "api.aws.scloud"),
    ("us-isof-", "csp.hci.ic.gov", "api.aws.hci.ic.gov"),
];

/// Such as `amazonaws.com`.
pub(crate) fn dns_suffix(region: &str) -> &'static str {
    PARTITIONS
        .iter()
        .find(|(prefix, _, _)| region.starts_with(prefix))
        .map_or("amazonaws.com", |(_, suffix, _)| suffix)
}

/// The same for addresses that are reached over IPv4 and IPv6, such as `api.aws`.
pub(crate) fn dual_stack_suffix(region: &str) -> &'static str {
    PARTITIONS
        .iter()
        .find(|(prefix, _, _)| region.starts_with(prefix))
        .map_or("api.aws", |(_, _, suffix)| suffix)
}
