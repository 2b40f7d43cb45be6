//! What `netsh` prints. Its words are in the user's language, so only numbers count.

use std::ops::RangeInclusive;

/// The output of `netsh interface ipv4 show excludedportrange` → the ranges of ports that Windows keeps for itself, for
/// Hyper-V or for WSL. A line with two numbers is a range. An asterisk, for a range that an administrator excluded, may
/// follow; such a range is not given to anyone by chance, but may be bound.
///
/// Source: learn.microsoft.com, "Netsh interface ipv4"; the outputs in the tests.
pub(crate) fn excluded_ranges(text: &str) -> Vec<ExcludedRange> {
    let range = |line: &str| {
        let (numbers, is_administered) = match line.trim_end().strip_suffix('*') {
            Some(numbers) => (numbers, true),
            None => (line, false),
        };
        let numbers = numbers.split_whitespace().map(|word| word.parse::<u16>().ok());
        match numbers.collect::<Option<Vec<u16>>>()?[..] {
            [first, last] if first <= last => Some(ExcludedRange {
                ports: first..=last,
                is_administered,
            }),
            _ => None,
        }
    };
    text.lines().filter_map(range).collect()
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct ExcludedRange {
    pub(crate) ports: RangeInclusive<u16>,
    pub(crate) is_administered: bool,
}

/// The output of `netsh interface ipv4 show dynamicport` → the ephemeral range: the last numbers of two lines are the
/// first port and how many there are.
///
/// Source: as for [`excluded_ranges`].
pub(crate) fn dynamic_ports(text: &str) -> Option<RangeInclusive<u16>> {
    let mut numbers = text
        .lines()
        .filter_map(|line| line.split_whitespace().next_back()?.parse::<u16>().ok());
    let (first, count) = (numbers.next()?, numbers.next()?);
    let last = u32::from(first) + u32::from(count).checked_sub(1)?;
    Some(first..=u16::try_from(last).unwrap_or(u16::MAX))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check_excluded(text: &str, expected: &str) {
        let words = |range: &ExcludedRange| {
            let mark = if range.is_administered { "*" } else { "" };
            format!("{}-{}{mark}", range.ports.start(), range.ports.end())
        };
        let ranges: Vec<String> = excluded_ranges(text).iter().map(words).collect();
        assert_eq!(ranges.join(" "), expected);
    }

    /// Source: open-telemetry/opentelemetry-collector-contrib#10872.
    #[test]
    fn ranges_of_an_english_system_are_read() {
        check_excluded(
            "\r\nProtocol tcp Port Exclusion Ranges\r\n\r\nStart Port    End Port      \r\n----------    --------      \r\n        \
             80          80      \r\n      5986        5986      \r\n     47001       47001      \r\n     51417       \
             51516      \r\n     51517       51616      \r\n\r\n* - Administered port exclusions.\r\n\r\n",
            "80-80 5986-5986 47001-47001 51417-51516 51517-51616",
        );
    }

    /// Source: microsoft/WSL#5306, shortened.
    #[test]
    fn ranges_of_a_spanish_system_are_read() {
        check_excluded(
            "Puerto de inicio    Puerto final\n----------          --------\n      1025        1124\n      1125        1224\n      \
             5357        5357\n     50000       50059",
            "1025-1124 1125-1224 5357-5357 50000-50059",
        );
    }

    /// Source: nikkigallery/WhimboxLauncher#21, shortened.
    #[test]
    fn ranges_of_a_chinese_system_with_one_of_an_administrator_are_read() {
        check_excluded(
            "协议 tcp 端口排除范围\n\n开始端口    结束端口\n----------    --------\n      1607        1706\n     27339       27339\n     \
             50000       50059     *\n     54235       54235\n\n* - 管理的端口排除。\n",
            "1607-1706 27339-27339 50000-50059* 54235-54235",
        );
    }

    #[test]
    fn complaints_are_no_ranges() {
        check_excluded(
            "The following command was not found: int ipv4 show 1 2 3.\n2 1\n70000 70001\n",
            "",
        );
    }

    #[track_caller]
    fn check_dynamic(text: &str, expected: Option<RangeInclusive<u16>>) {
        assert_eq!(dynamic_ports(text), expected);
    }

    #[test]
    fn the_ephemeral_range_is_read() {
        // Source: dorssel/usbipd-win#53.
        check_dynamic(
            "\nProtocol tcp Dynamic Port Range\n---------------------------------\nStart Port      : 49152\nNumber of Ports : 16384\n",
            Some(49_152..=65_535),
        );
        // Source: actions/runner-images#1442.
        check_dynamic(
            "Protocol tcp Dynamic Port Range\n---------------------------------\nStart Port      : 1024\nNumber of Ports : 64511\n",
            Some(1024..=65_534),
        );
        check_dynamic("Access is denied.\n", None);
        check_dynamic("Start Port      : 49152\nNumber of Ports : 0\n", None);
    }
}
