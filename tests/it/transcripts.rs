//! Pages that show what the program prints: every command of them is run, and must print just that.
//!
//! A page is one story, told in a folder of its own that is empty when it begins. Its blocks, by what stands in the fence:
//!
//! - ```` ```blueprint FILE ```` and ```` ```json FILE ```` write the file; with `add` after the name, to its end; with
//!   `below "TEXT"`, below the first line that has the text; with `instead of "TEXT"`, in place of that line;
//! - ```` ```console ````: after `$ ` a command, and what it prints below it. A command may go on after a `\`. Between `...` on a
//!   line of its own and the next line that is shown, anything may be printed.
//!
//! `UPDATE_EXPECT=1` writes what is printed into the pages, except below a command that shows `...`.

use std::fmt::Write as _;
use std::fs;
use std::os::unix::fs::symlink;
use std::path::Path;
use std::process::{Command, Stdio};

use crate::support::{orderwright, project};

/// The pages that tell such a story.
pub(crate) const PAGES: [&str; 2] = ["docs/tutorial.md", "docs/testing.md"];

/// What stands for anything that is printed.
const ANYTHING: &str = "...";

/// A folder with a story.
struct Story<'a> {
    page: &'a str,
    folder: tempfile::TempDir,
}

impl Story<'_> {
    fn path(&self, name: &str) -> std::path::PathBuf {
        self.folder.path().join(name)
    }

    /// Writes what a block says to the file it names.
    fn write(&self, place: &str, file: &str, how: &str, block: &str) {
        let path = self.path(file);
        if let Some(parent) = path.parent() {
            fs::create_dir_all(parent).unwrap();
        }
        if how.is_empty() {
            return fs::write(path, block).unwrap();
        }
        let present =
            fs::read_to_string(&path).unwrap_or_else(|_| panic!("{place}: there is no `{file}` yet"));
        if how == "add" {
            return fs::write(path, format!("{present}\n{block}")).unwrap();
        }
        let quoted = |word: &str| how.strip_prefix(word).map(|text| text.trim().trim_matches('"').to_owned());
        let (text, keep) = match (quoted("below "), quoted("instead of ")) {
            (Some(text), _) => (text, true),
            (None, Some(text)) => (text, false),
            (None, None) => panic!("{place}: what does `{how}` mean?"),
        };
        let mut written = String::new();
        let mut found = false;
        for line in present.lines() {
            let here = !found && line.contains(&text);
            if keep || !here {
                writeln!(written, "{line}").unwrap();
            }
            if here {
                written.push_str(block);
                found = true;
            }
        }
        assert!(found, "{place}: no line of `{file}` has `{text}`");
        fs::write(path, written).unwrap();
    }

    /// Runs a command as somebody would who sits in the folder, and gives what it prints.
    fn run(&self, command: &str) -> String {
        let mut bash = Command::new("bash");
        for (name, _) in orderwright().get_envs() {
            bash.env_remove(name);
        }
        let bin = self.folder.path().join(".bin");
        let path = format!("{}:{}", bin.display(), std::env::var("PATH").unwrap());
        let output = bash
            .args(["-c", &format!("exec 2>&1\n{command}")])
            .env("PATH", path)
            .env("NO_COLOR", "1")
            .current_dir(self.folder.path())
            .stdin(Stdio::null())
            .output()
            .unwrap();
        String::from_utf8(output.stdout).unwrap()
    }
}

/// The page as it should be, and where it is not.
fn told(page: &str) -> (String, Vec<String>) {
    let folder = tempfile::tempdir().unwrap();
    fs::create_dir(folder.path().join(".bin")).unwrap();
    symlink(env!("CARGO_BIN_EXE_orderwright"), folder.path().join(".bin/orderwright")).unwrap();
    let story = Story { page, folder };
    let text = fs::read_to_string(project().join(page)).unwrap();
    let (mut written, mut slips) = (String::new(), Vec::new());
    let mut lines = text.lines().enumerate();
    while let Some((number, line)) = lines.next() {
        writeln!(written, "{line}").unwrap();
        let Some(info) = line.strip_prefix("```") else { continue };
        let block: Vec<&str> =
            lines.by_ref().map(|(_, line)| line).take_while(|line| *line != "```").collect();
        let place = format!("{}:{}", story.page, number + 1);
        let (language, rest) = info.split_once(' ').unwrap_or((info, ""));
        match language {
            "blueprint" | "json" if !rest.is_empty() => {
                let (file, how) = rest.split_once(' ').unwrap_or((rest, ""));
                let block: String = block.iter().map(|line| format!("{line}\n")).collect();
                story.write(&place, file, how, &block);
                written.push_str(&block);
            }
            "console" => written.push_str(&typed(&story, &place, &block, &mut slips)),
            _ => block.iter().for_each(|line| writeln!(written, "{line}").unwrap()),
        }
        written.push_str("```\n");
    }
    (written, slips)
}

/// What a console block should be.
fn typed(story: &Story<'_>, place: &str, block: &[&str], slips: &mut Vec<String>) -> String {
    let mut written = String::new();
    let mut at = block.iter().peekable();
    while let Some(line) = at.next() {
        let first = line.strip_prefix("$ ").unwrap_or_else(|| panic!("{place}: no command above `{line}`"));
        writeln!(written, "{line}").unwrap();
        let mut command = first.to_owned();
        while command.ends_with('\\') {
            let next = at.next().unwrap_or_else(|| panic!("{place}: `{command}` goes on nowhere"));
            writeln!(written, "{next}").unwrap();
            write!(command, "\n{next}").unwrap();
        }
        let mut shown: Vec<&str> = Vec::new();
        while let Some(line) = at.next_if(|line| !line.starts_with("$ ")) {
            shown.push(line);
        }
        let printed = story.run(&command);
        let printed: Vec<&str> = printed.lines().map(str::trim_end).collect();
        if !fits(&shown, &printed) {
            let (shown, printed) = (shown.join("\n"), printed.join("\n"));
            slips
                .push(format!("{place}: `{command}`\n--- the page shows\n{shown}\n--- it prints\n{printed}"));
        }
        let kept = if shown.contains(&ANYTHING) { &shown } else { &printed };
        kept.iter().for_each(|line| writeln!(written, "{line}").unwrap());
    }
    written
}

/// Whether lines are those that are shown, with anything for `...`.
fn fits(shown: &[&str], printed: &[&str]) -> bool {
    match shown.split_first() {
        None => printed.is_empty(),
        Some((&ANYTHING, rest)) => (0..=printed.len()).any(|skipped| fits(rest, &printed[skipped..])),
        Some((first, rest)) => {
            printed.split_first().is_some_and(|(line, others)| line == first && fits(rest, others))
        }
    }
}

#[test]
fn every_command_prints_what_its_page_shows() {
    for page in PAGES {
        let (written, slips) = told(page);
        if std::env::var_os("UPDATE_EXPECT").is_some() {
            write_if_other(&project().join(page), &written);
        } else {
            assert!(slips.is_empty(), "UPDATE_EXPECT=1 shows what is printed\n{}", slips.join("\n\n"));
        }
    }
}

fn write_if_other(path: &Path, text: &str) {
    if fs::read_to_string(path).unwrap() != text {
        fs::write(path, text).unwrap();
    }
}
