//! `orderwright fmt`.

use std::fs;
use std::os::unix::fs::{PermissionsExt as _, symlink};
use std::path::Path;

use expect_test::expect;
use tempfile::TempDir;

use crate::support::{Said, orderwright, run_with_input, said};

const WRITTEN: &str = "type Site={name:text city:text} // where\nretry patient = 3 times every 2s\n";
const FORMATTED: &str =
    "type Site = { name: text, city: text }  // where\nretry patient = 3 times every 2s\n";
const UNREADABLE: &str = "type Site = { name: text\n";

/// A folder of blueprints in a folder of its own.
fn folder(files: &[(&str, &str)]) -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    for (name, text) in files {
        let path = folder.path().join("blueprints").join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }
    folder
}

fn fmt(folder: &TempDir, arguments: &[&str]) -> Said {
    said(orderwright().arg("fmt").args(arguments).current_dir(folder.path()).output().unwrap())
}

fn read(folder: &TempDir, name: &str) -> String {
    fs::read_to_string(folder.path().join("blueprints").join(name)).unwrap()
}

fn mode(path: &Path) -> u32 {
    fs::metadata(path).unwrap().permissions().mode() & 0o777
}

#[test]
fn every_file_below_a_folder_is_formatted_once() {
    let folder = folder(&[("a.blueprint", WRITTEN), ("b/c.blueprint", WRITTEN), ("d.blueprint", FORMATTED)]);
    expect![[r#"
        exit 0
        --- stdout
        formatted blueprints/a.blueprint
        formatted blueprints/b/c.blueprint
        2 files formatted now, 1 already
    "#]]
    .assert_eq(&fmt(&folder, &[]).whole());
    for name in ["a.blueprint", "b/c.blueprint", "d.blueprint"] {
        assert_eq!(read(&folder, name), FORMATTED);
    }
    expect![[r#"
        exit 0
        --- stdout
        3 files formatted already
    "#]]
    .assert_eq(&fmt(&folder, &[]).whole());
    let left: Vec<_> = fs::read_dir(folder.path().join("blueprints")).unwrap().collect();
    assert_eq!(left.len(), 3, "{left:?}");
}

#[test]
fn a_check_shows_what_would_change_and_changes_nothing() {
    let folder = folder(&[("a.blueprint", WRITTEN), ("b.blueprint", FORMATTED)]);
    expect![[r#"
        exit 1
        --- stdout
        --- blueprints/a.blueprint
        +++ blueprints/a.blueprint (formatted)
        @@ -1,2 +1,2 @@
        -type Site={name:text city:text} // where
        +type Site = { name: text, city: text }  // where
         retry patient = 3 times every 2s
        --- stderr
        error: 1 of 2 files are not formatted
          help: `orderwright fmt` formats them
    "#]]
    .assert_eq(&fmt(&folder, &["--check"]).whole());
    assert_eq!(read(&folder, "a.blueprint"), WRITTEN);
    expect![[r#"
        exit 0
        --- stdout
        1 file formatted already
    "#]]
    .assert_eq(&fmt(&folder, &["--check", "blueprints/b.blueprint"]).whole());
}

#[test]
fn what_cannot_be_read_is_left_and_told_and_the_rest_is_formatted() {
    let folder = folder(&[("a.blueprint", UNREADABLE), ("b.blueprint", WRITTEN)]);
    expect![[r#"
        exit 1
        --- stdout
        formatted blueprints/b.blueprint
        1 file formatted now
        --- stderr
        error[BP0103]: expected `}`, found the end of the file
          ╭▸ blueprints/a.blueprint:1:26
          │
        1 │ type Site = { name: text
          │             ┬           ━
          │             │
          ╰╴            this block is not closed

        1 error
    "#]]
    .assert_eq(&fmt(&folder, &[]).whole());
    assert_eq!(read(&folder, "a.blueprint"), UNREADABLE);
    assert_eq!(read(&folder, "b.blueprint"), FORMATTED);
    assert_eq!(fmt(&folder, &["--check"]).code, 1);
}

#[test]
fn a_file_keeps_its_permissions_and_a_link_its_target() {
    let folder = folder(&[("a.blueprint", WRITTEN)]);
    let (file, link) = (folder.path().join("blueprints/a.blueprint"), folder.path().join("link"));
    fs::set_permissions(&file, fs::Permissions::from_mode(0o640)).unwrap();
    symlink(&file, &link).unwrap();
    assert_eq!(fmt(&folder, &["link"]).code, 0);
    assert_eq!(read(&folder, "a.blueprint"), FORMATTED);
    assert_eq!(mode(&file), 0o640);
    assert!(fs::symlink_metadata(&link).unwrap().is_symlink());
}

#[test]
fn standard_input_is_formatted_to_standard_output() {
    let said = run_with_input(&["fmt", "--stdin"], WRITTEN);
    assert_eq!((said.code, said.out.as_str(), said.err.as_str()), (0, FORMATTED, ""));
    let said = run_with_input(&["fmt", "--stdin"], "");
    assert_eq!((said.code, said.out.as_str(), said.err.as_str()), (0, "", ""));
    expect![[r#"
        exit 1
        --- stderr
        error[BP0103]: expected `}`, found the end of the file
          ╭▸ standard input:1:26
          │
        1 │ type Site = { name: text
          │             ┬           ━
          │             │
          ╰╴            this block is not closed

        1 error
    "#]]
    .assert_eq(&run_with_input(&["fmt", "--stdin"], UNREADABLE).whole());
    expect![[r#"
        exit 1
        --- stdout
        --- standard input
        +++ standard input (formatted)
        @@ -1,2 +1,2 @@
        -type Site={name:text city:text} // where
        +type Site = { name: text, city: text }  // where
         retry patient = 3 times every 2s
        --- stderr
        error: standard input is not formatted
    "#]]
    .assert_eq(&run_with_input(&["fmt", "--stdin", "--check"], WRITTEN).whole());
    assert_eq!(run_with_input(&["fmt", "--stdin", "--check"], FORMATTED).code, 0);
}

#[test]
fn misuse_changes_nothing() {
    let folder = folder(&[("a.blueprint", WRITTEN)]);
    fs::write(folder.path().join("bytes"), [0xff, 0xfe]).unwrap();
    fs::create_dir(folder.path().join("empty")).unwrap();
    for arguments in [&["nowhere"][..], &["bytes"], &["empty"], &["blueprints", "--stdin"], &["--write"]] {
        let said = fmt(&folder, arguments);
        assert_eq!(said.code, 2, "{arguments:?}: {said:?}");
        assert!(!said.err.is_empty() && said.out.is_empty(), "{arguments:?}: {said:?}");
    }
    assert_eq!(read(&folder, "a.blueprint"), WRITTEN);
}
