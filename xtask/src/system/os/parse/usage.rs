//! Parser for what a process uses, in `/proc/PID/stat`, and ticks of clocks.

use std::time::Duration;

/// What a process uses, in the units of the kernel: ticks and pages.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct RawUsage {
    /// In user and kernel mode.
    pub(crate) ticks: u64,
    /// Those of its descendants that have exited and were waited for.
    pub(crate) waited_ticks: u64,
    pub(crate) virtual_bytes: u64,
    pub(crate) resident_pages: u64,
}

/// `/proc/PID/stat` → what the process uses; `None` if it is truncated.
///
/// Source: man 5 proc_pid_stat: fields 14 to 17 are `utime`, `stime`, `cutime`, `cstime`, 23 and 24 `vsize` and `rss`. The
/// last may be some pages off, because each CPU counts for itself.
pub(crate) fn usage(line: &[u8]) -> Option<RawUsage> {
    let name_ends = line.iter().rposition(|&byte| byte == b')')?;
    // The first field after the name is 3.
    let fields = str::from_utf8(&line[name_ends + 1..]).ok()?.split_ascii_whitespace();
    let numbers = fields.skip(14 - 3).take(24 - 13);
    // Some in between are negative, and do not matter.
    let numbers = numbers.map(|field| field.parse::<i64>().map_or(0, |number| number.max(0).cast_unsigned()));
    let numbers: Vec<u64> = numbers.collect();
    let [
        user,
        kernel,
        user_waited,
        kernel_waited,
        _,
        _,
        _,
        _,
        _,
        virtual_bytes,
        resident_pages,
    ] = numbers[..]
    else {
        return None;
    };
    Some(RawUsage {
        ticks: user + kernel,
        waited_ticks: user_waited + kernel_waited,
        virtual_bytes,
        resident_pages,
    })
}

/// The time of this many ticks of a clock.
pub(crate) fn time(ticks: u64, per_second: u64) -> Duration {
    let per_second = per_second.max(1);
    let rest = Duration::from_secs(ticks % per_second);
    Duration::from_secs(ticks / per_second) + rest / u32::try_from(per_second).unwrap_or(u32::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_process_uses_is_read_from_its_stat_line() {
        #[track_caller]
        fn check(line: &str, expected: Option<&str>) {
            let seen = usage(line.as_bytes()).map(|it| {
                let (ticks, waited, bytes, pages) = (it.ticks, it.waited_ticks, it.virtual_bytes, it.resident_pages);
                format!("{ticks} waited {waited} virtual {bytes} resident {pages}")
            });
            assert_eq!(seen.as_deref(), expected);
        }
        check(
            "41 (a (b) 14 15) S 1 41 41 0 -1 4194560 99 98 97 96 14 15 16 17 20 -19 18 0 21 2300 240 18446744073709551615",
            Some("29 waited 33 virtual 2300 resident 240"),
        );
        // A zombie has no memory.
        check(
            "41 (a) Z 1 41 41 0 -1 4194560 99 98 97 96 14 15 0 0 20 0 1 0 21 0 0",
            Some("29 waited 0 virtual 0 resident 0"),
        );
        check(
            "41 (a) S 1 41 41 0 -1 4194560 99 98 97 96 14 15 16 17 20 0 1 0 21 2300",
            None,
        );
        check("41 (a", None);
    }

    #[test]
    fn ticks_are_time() {
        assert_eq!(time(250, 100), Duration::from_millis(2500));
        assert_eq!(time(36_000_000, 24_000_000), Duration::from_millis(1500));
        assert_eq!(time(1_000_000_001, 1_000_000_000), Duration::new(1, 1));
        assert_eq!(time(3, 0), Duration::from_secs(3));
    }
}
