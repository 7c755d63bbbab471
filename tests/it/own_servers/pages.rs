//! Every shell block of the documentation, run by a newcomer who reads page after page.
//!
//! A block is fenced as ```` ```sh ````, or ```` ```console ```` with `$ ` before each command. More words say how it is
//! run: `no-run` not at all, `fails` that its last command must not succeed, `up` that it is `./dev up`, which the test
//! does by itself. Addresses that `up` would have at its usual ports are replaced by those that it has.

use std::fmt::Write as _;
use std::fs;
use std::io::{BufRead as _, BufReader, Lines, Write as _};
use std::os::unix::fs::symlink;
use std::os::unix::process::CommandExt as _;
use std::path::Path;
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};

use nix::sys::signal::{Signal, killpg};

use crate::support::{Up, free_ports, orderwright, project};

/// A block that is not left out.
#[derive(Debug)]
struct Block {
    place: String,
    kind: Kind,
    text: String,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Works,
    Fails,
    Up,
}

fn blocks(page: &str) -> Vec<Block> {
    let text = fs::read_to_string(project().join(page)).unwrap();
    let mut lines = text.lines().enumerate();
    let mut blocks = Vec::new();
    while let Some((number, line)) = lines.next() {
        let Some(info) = line.strip_prefix("```") else { continue };
        let body: Vec<&str> =
            lines.by_ref().map(|(_, line)| line).take_while(|line| !line.starts_with("```")).collect();
        let mut words = info.split_whitespace();
        let body = match words.next() {
            Some("sh") => body.join("\n"),
            Some("console") => commands(&body),
            _ => continue,
        };
        let place = format!("{page}:{}", number + 1);
        let kind = match words.next() {
            None => Kind::Works,
            Some("fails") => Kind::Fails,
            Some("up") => Kind::Up,
            Some("no-run") => continue,
            Some(other) => panic!("{place}: what does `{other}` mean?"),
        };
        blocks.push(Block { place, kind, text: body });
    }
    blocks
}

/// What is typed in a block that also shows what is printed.
fn commands(lines: &[&str]) -> String {
    let mut text = String::new();
    let mut goes_on = false;
    for line in lines {
        let typed = line.strip_prefix("$ ").or(goes_on.then_some(*line));
        if let Some(typed) = typed {
            writeln!(text, "{typed}").unwrap();
        }
        goes_on = typed.is_some_and(|typed| typed.ends_with('\\'));
    }
    text
}

/// A shell that keeps what it was told from block to block.
struct Shell {
    child: Child,
    stdin: ChildStdin,
    lines: Lines<BufReader<ChildStdout>>,
}

impl Shell {
    fn start(folder: &Path) -> Self {
        let path = format!("{}:{}", folder.join("bin").display(), std::env::var("PATH").unwrap());
        let mut bash = Command::new("bash");
        // What the program is not told by the environment either.
        for (name, _) in orderwright().get_envs() {
            bash.env_remove(name);
        }
        let mut child = bash
            .env("PATH", path)
            .current_dir(folder)
            .process_group(0)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut stdin = child.stdin.take().unwrap();
        writeln!(stdin, "exec 2>&1; set -u").unwrap();
        let lines = BufReader::new(child.stdout.take().unwrap()).lines();
        Self { child, stdin, lines }
    }

    /// Runs a block, and answers its exit code; one that stopped at a command that failed ends the shell, and the test.
    fn run(&mut self, place: &str, text: &str, stop_at_failure: bool) -> i32 {
        const END: &str = "=== the block has ended with ";
        let strict = if stop_at_failure { "set -e" } else { "set +e" };
        writeln!(self.stdin, "{strict}\n{text}\nprintf '\\n%s%s\\n' '{END}' $?").unwrap();
        let mut said = String::new();
        for line in self.lines.by_ref().map(Result::unwrap) {
            if let Some(code) = line.strip_prefix(END) {
                return code.parse().unwrap();
            }
            writeln!(said, "{line}").unwrap();
        }
        panic!("{place}: a command failed:\n{text}\n--- it said\n{said}");
    }
}

impl Drop for Shell {
    fn drop(&mut self) {
        // What it has started in the background, too.
        let group = nix::unistd::Pid::from_raw(i32::try_from(self.child.id()).unwrap());
        let _ = killpg(group, Signal::SIGKILL);
        let _ = self.child.wait();
    }
}

fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(from).unwrap().map(Result::unwrap) {
        let target = to.join(entry.file_name());
        if entry.file_type().unwrap().is_dir() {
            copy(&entry.path(), &target);
        } else {
            fs::copy(entry.path(), target).unwrap();
        }
    }
}

fn pages() -> Vec<String> {
    let docs = fs::read_dir(project().join("docs")).unwrap().map(|entry| entry.unwrap().file_name());
    let docs = docs.map(|name| name.into_string().unwrap()).filter(|name| name.ends_with(".md"));
    let docs = docs.map(|name| format!("docs/{name}"));
    // Those that are compared with what is printed are a story each, in a folder of their own.
    let mut docs: Vec<_> = docs.filter(|page| !crate::transcripts::PAGES.contains(&page.as_str())).collect();
    docs.sort();
    let first = ["README.md", "ARCHITECTURE.md", "CONTRIBUTING.md"].map(str::to_owned);
    first.into_iter().chain(docs).collect()
}

#[test]
fn the_documentation_can_be_followed_word_for_word() {
    let folder = Up::data_dir();
    copy(&project().join("blueprints"), &folder.path().join("blueprints"));
    fs::create_dir(folder.path().join("bin")).unwrap();
    symlink(env!("CARGO_BIN_EXE_orderwright"), folder.path().join("bin/orderwright")).unwrap();
    let blueprints = folder.path().join("blueprints");
    let data_dir = folder.path().join("data");
    let [letters] = free_ports();

    let mut shell = Shell::start(folder.path());
    let mut up: Option<Up> = None;
    let mut done = 0;
    for Block { place, kind, text } in pages().iter().flat_map(|page| blocks(page)) {
        let mut text = text.replace("8095", &letters.to_string());
        if let Some(up) = &up {
            for (usual, what) in [("localhost:8080", "API"), ("localhost:8090", "Simulated systems")] {
                text = text.replace(usual, up.address_of(what).trim_start_matches("http://"));
            }
        }
        match kind {
            Kind::Works => assert_eq!(shell.run(&place, &text, true), 0, "{place}"),
            Kind::Fails => assert_ne!(shell.run(&place, &text, false), 0, "{place}: {text}"),
            Kind::Up => {
                assert_eq!(text, "./dev up", "{place}");
                if let Some(up) = up.take() {
                    up.signal(Signal::SIGINT);
                    assert!(up.wait().success());
                }
                let started = Up::start(&data_dir, &["--blueprints", blueprints.to_str().unwrap()]);
                let address = format!("export ORDERWRIGHT_URL={}", started.address_of("API"));
                shell.run(&place, &address, true);
                up = Some(started);
            }
        }
        done += 1;
    }
    assert!(done >= 10, "only {done} blocks were found");
    let log = fs::read_to_string(folder.path().join("letters.log")).unwrap();
    assert!(
        log.contains("/send[1]/1/forward {'text': 'Welcome!', 'to': 'Dam 1, Amsterdam'} {'letter': 'L-1'}"),
        "the page shows another call than {log}"
    );
}
