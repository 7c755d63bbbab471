//! What is wrong with orders, as a list.

use super::table::Table;
use super::time::date_time;
use crate::remote::Finding;

/// Findings, each with what was done about it or what to do, and how many there are.
pub(crate) fn finding_list(looked_at: u64, findings: &[Finding]) -> String {
    let mut lines = Vec::new();
    let mut table = Table::default();
    for finding in findings {
        table.row([
            finding.kind.replace('_', " "),
            finding.order.to_string(),
            finding.since.map(date_time).unwrap_or_default(),
            finding.detail.clone(),
        ]);
    }
    for (line, finding) in table.lines().into_iter().zip(findings) {
        lines.push(line);
        let sign = if finding.mended { "mended" } else { "to do" };
        lines.push(format!("  {sign}: {}", finding.remedy));
    }
    let mended = findings.iter().filter(|finding| finding.mended).count();
    lines.push(match findings.len() {
        0 => format!("nothing is wrong: {looked_at} orders were looked at"),
        found => format!("{found} found, {mended} of them mended; {looked_at} orders were looked at"),
    });
    lines.join("\n")
}

#[cfg(test)]
mod tests {
    use expect_test::expect;
    use model::Timestamp;

    use super::*;

    #[test]
    fn a_finding_says_what_was_done_or_what_to_do() {
        let finding = |kind: &str, mended: bool, detail: &str, remedy: &str| Finding {
            kind: kind.to_owned(),
            order: "0192f0c1-2d3e-7000-8000-000000000001".parse().unwrap(),
            since: (!mended).then(|| Timestamp::from_millis(1_790_000_000_000)),
            detail: detail.to_owned(),
            mended,
            remedy: remedy.to_owned(),
        };
        let findings = [
            finding("mirror_behind", true, "Postgres has its events to 2", "its rows were made again"),
            finding("stopped", false, "its workflow was ended from outside", "take back what was done"),
        ];
        expect![[r#"
            mirror behind  0192f0c1-2d3e-7000-8000-000000000001                       Postgres has its events to 2
              mended: its rows were made again
            stopped        0192f0c1-2d3e-7000-8000-000000000001  2026-09-21 14:13:20  its workflow was ended from outside
              to do: take back what was done
            2 found, 1 of them mended; 7 orders were looked at"#]]
        .assert_eq(&finding_list(7, &findings));
        expect!["nothing is wrong: 7 orders were looked at"].assert_eq(&finding_list(7, &[]));
    }
}
