//! CPU time of processes, from `/proc`.

use std::collections::BTreeMap;
use std::fs;
use std::time::Duration;

/// The kernel counts in hundredths of a second on every Linux that we run on (`getconf CLK_TCK`).
const TICK: Duration = Duration::from_millis(10);

/// CPU time that a process has used, its children included: PostgreSQL has one for each connection.
pub(crate) fn used(pid: u32) -> Duration {
    let processes = processes();
    let mut sum = Duration::ZERO;
    let mut left = vec![pid];
    while let Some(parent) = left.pop() {
        if let Some((_, used)) = processes.get(&parent) {
            sum += *used;
        }
        left.extend(processes.iter().filter(|(_, (ppid, _))| *ppid == parent).map(|(pid, _)| *pid));
    }
    sum
}

/// CPU time that this process itself has used.
pub(crate) fn own() -> Duration {
    fs::read_to_string("/proc/self/stat").ok().and_then(|stat| parent_and_used(&stat)).unwrap_or_default().1
}

/// Every process: its parent, and what it has used with the children it has waited for.
fn processes() -> BTreeMap<u32, (u32, Duration)> {
    let entries = fs::read_dir("/proc").into_iter().flatten().flatten();
    entries
        .filter_map(|entry| {
            let pid = entry.file_name().to_str()?.parse().ok()?;
            let stat = fs::read_to_string(entry.path().join("stat")).ok()?;
            Some((pid, parent_and_used(&stat)?))
        })
        .collect()
}

fn parent_and_used(stat: &str) -> Option<(u32, Duration)> {
    // The name stands in parentheses and may hold anything.
    let fields: Vec<&str> = stat.rsplit_once(')')?.1.split_whitespace().collect();
    let ticks = fields.get(11..15)?.iter().map(|ticks| ticks.parse().unwrap_or(0)).sum::<u32>();
    Some((fields.get(1)?.parse().ok()?, TICK * ticks))
}
